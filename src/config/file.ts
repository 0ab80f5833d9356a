import { dirname } from "node:path";

import type { Rule } from "../rules/rule.ts";
import { splitList } from "./args.ts";
import { ConfigError } from "./error.ts";
import { findFlag, type Flag, type FlagName, flags, type Given } from "./flags.ts";
import { nearest } from "./nearest.ts";
import { parseRules } from "./rules.ts";
import { lineOf, repeatedKey, yamlFault } from "./yaml-lines.ts";

/** What a config file gives. */
export interface ConfigFile {
  readonly flags: Map<FlagName, Given>;
  readonly rules: readonly Rule[];
}

/**
 * Reads the text of a config file: YAML whose keys are the names of the flags, and `rules`; a list may also be a YAML sequence.
 * Throws a ConfigError that names the file and the key for broken YAML, an unknown key and a value of the wrong form.
 */
export function parseConfigFile(file: string, text: string): ConfigFile {
  const given = new Map<FlagName, Given>();
  let rules: readonly Rule[] = [];
  for (const [key, value] of Object.entries(parseMapping(file, text))) {
    if (value === null) throw missingValue(file, text, key);
    if (key === "rules") {
      rules = parseRules(file, text, value);
      continue;
    }
    const flag = findFlag(key);
    if (flag === undefined) throw unknownKey(file, key);
    if (flag.commandLineOnly === true) {
      throw new ConfigError(`${file}: ${key}: only on the command line, as --${key}`);
    }
    const place = `${file}: ${key}`;
    given.set(flag.name, { values: textsOf(flag, value, place), place, folder: dirname(file) });
  }
  return { flags: given, rules };
}

function parseMapping(file: string, text: string): object {
  let parsed: unknown;
  try {
    parsed = Bun.YAML.parse(text);
  } catch (error) {
    const fault = yamlFault(text);
    const place = fault?.line === undefined ? file : `${file}:${fault.line}`;
    const why = fault?.why ?? (error instanceof Error ? error.message : "unreadable");
    throw new ConfigError(`${place}: no YAML: ${why}`, error);
  }
  if (parsed === null || parsed === undefined) return {};
  if (typeof parsed !== "object" || Array.isArray(parsed)) {
    throw new ConfigError(`${file}: not "key: value" lines with the names of the flags as keys`);
  }
  const twice = repeatedKey(text, parsed);
  if (twice !== undefined)
    throw new ConfigError(`${file}:${twice.line}: ${twice.key}: the key is there twice`);
  return parsed;
}

function missingValue(file: string, text: string, key: string): ConfigError {
  const line = lineOf(text, [key]);
  const place = line === undefined ? file : `${file}:${line}`;
  return new ConfigError(`${place}: ${key}: a value is missing; leave the key out for the default`);
}

function unknownKey(file: string, key: string): ConfigError {
  const named = flags.filter((flag) => !("commandLineOnly" in flag)).map((flag) => flag.name);
  const keys = [...named, "rules"];
  const near = nearest(key.replace(/^--/, ""), keys);
  const hint = near === undefined ? "--help lists all" : `the nearest is ${near}`;
  return new ConfigError(`${file}: ${key}: unknown key; ${hint}`);
}

function textsOf(flag: Flag, value: unknown, place: string): readonly string[] {
  if (flag.kind === "list") {
    const parts = Array.isArray(value) ? value : splitList(textOf(value, place));
    return parts.map((part) => textOf(part, place));
  }
  if (flag.kind === "boolean" && typeof value !== "boolean") {
    throw new ConfigError(`${place}: ${JSON.stringify(value)} is neither true nor false`);
  }
  return [textOf(value, place)];
}

function textOf(value: unknown, place: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new ConfigError(`${place}: ${JSON.stringify(value)} is no single value`);
}
