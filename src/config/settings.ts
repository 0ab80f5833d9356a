import { join, resolve } from "node:path";

import { splitList } from "./args.ts";
import { ConfigError } from "./error.ts";
import {
  type DefaultedFlagName,
  findFlag,
  type FlagName,
  type Given,
  type GivenFlags,
} from "./flags.ts";

/** The value of a flag, or of its default. Throws a ConfigError that names where it was given. */
export function setting<Value>(
  given: GivenFlags,
  name: DefaultedFlagName,
  parse: (text: string) => Value,
): Value {
  return parseAt(givenOrDefault(given, name), parse);
}

/** As `setting`, undefined where it was not given and has no default. */
export function optionalSetting<Value>(
  given: GivenFlags,
  name: FlagName,
  parse: (text: string) => Value,
): Value | undefined {
  const { values, place } = givenOrDefault(given, name);
  return values.length === 0 ? undefined : parseAt({ values, place }, parse);
}

/** The values of a list, each parsed. */
export function listOf<Value>(
  given: GivenFlags,
  name: FlagName,
  parse: (text: string) => Value,
): Value[] {
  const { values, place } = givenOrDefault(given, name);
  return values.map((value) => parseAt({ values: [value], place }, parse));
}

/** An absolute path: `~/` is the home, relative ones start at the working folder or, from a config file, at the file's. */
export function pathSetting(
  given: GivenFlags,
  name: FlagName,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const folder = given.get(name)?.folder ?? "/";
  return optionalSetting(given, name, (text) => {
    const home = env["HOME"] ?? "";
    const path = text.startsWith("~/") && home !== "" ? join(home, text.slice(2)) : text;
    return resolve(folder, path);
  });
}

type Placed = Pick<Given, "values" | "place">;

function givenOrDefault(given: GivenFlags, name: FlagName): Placed {
  const found = given.get(name);
  if (found !== undefined) return found;
  const flag = findFlag(name);
  const place = `--${name}`;
  if (flag?.fallback === undefined) return { values: [], place };
  return { values: flag.kind === "list" ? splitList(flag.fallback) : [flag.fallback], place };
}

function parseAt<Value>({ values, place }: Placed, parse: (text: string) => Value): Value {
  try {
    return parse(values[0] ?? "");
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${place}: ${error.message}`, error);
    throw error;
  }
}
