import { ConfigError } from "./error.ts";
import { findFlag, type Flag, type FlagName, flags, type Given } from "./flags.ts";
import { nearest } from "./nearest.ts";

type NamedFlag = Flag & { readonly name: FlagName };

/**
 * Reads a command line strictly: `--flag value`, `--flag=value`, a boolean alone or with `true` or `false` after it, `-v N`, `-h`.
 * Throws a ConfigError for an unknown flag, a missing value, a flag given twice with two values, and for what is no flag.
 */
export function parseArgs(argv: readonly string[], folder: string): Map<FlagName, Given> {
  const given = new Map<FlagName, Given>();
  let next = 0;
  while (next < argv.length) {
    const { flag, inline } = readFlag(argv[next] ?? "");
    const after = argv[next + 1];
    const { value, taken } = inline === undefined ? valueAfter(flag, after) : valueOf(flag, inline);
    add(given, flag, value, folder);
    next += 1 + taken;
  }
  return given;
}

function readFlag(argument: string): { flag: NamedFlag; inline: string | undefined } {
  const written = /^(--?)([^-=][^=]*)(?:=(.*))?$/s.exec(argument);
  const dashes = written?.[1];
  const name = written?.[2];
  if (dashes === undefined || name === undefined) {
    throw new ConfigError(`${JSON.stringify(argument)}: no argument is taken, only flags (--help)`);
  }
  const long = dashes === "-" && name === "h" ? "help" : name;
  const flag = dashes === "-" && name !== "v" && name !== "h" ? undefined : findFlag(long);
  if (flag === undefined) throw unknownFlag(`${dashes}${name}`, name);
  return { flag, inline: written?.[3] };
}

function unknownFlag(written: string, name: string): ConfigError {
  const near = nearest(
    name,
    flags.map((flag) => flag.name),
  );
  const hint = near === undefined ? "--help lists all" : `the nearest is --${near}`;
  return new ConfigError(`${written}: unknown flag; ${hint}`);
}

interface Value {
  readonly value: string;
  /** How many arguments after the flag it took. */
  readonly taken: 0 | 1;
}

function valueOf(flag: NamedFlag, inline: string): Value {
  if (inline === "" && flag.kind !== "list") throw missingValue(flag);
  return { value: inline, taken: 0 };
}

function valueAfter(flag: NamedFlag, after: string | undefined): Value {
  if (flag.kind === "boolean") {
    if (after === undefined || after.startsWith("-")) return { value: "true", taken: 0 };
    if (after === "true" || after === "false") return { value: after, taken: 1 };
    const written = JSON.stringify(after);
    throw new ConfigError(`--${flag.name}: ${written} is neither true nor false`);
  }
  if (after === undefined || after.startsWith("--")) throw missingValue(flag);
  if (after === "" && flag.kind !== "list") throw missingValue(flag);
  return { value: after, taken: 1 };
}

function missingValue(flag: NamedFlag): ConfigError {
  const form = flag.kind === "boolean" ? "true or =false" : flag.hint;
  return new ConfigError(`--${flag.name}: a value is missing; write it as --${flag.name}=${form}`);
}

function add(given: Map<FlagName, Given>, flag: NamedFlag, value: string, folder: string): void {
  const before = given.get(flag.name)?.values ?? [];
  if (flag.kind !== "list" && before.length > 0 && before[0] !== value) {
    throw new ConfigError(
      `--${flag.name}: given twice, as ${JSON.stringify(before[0])} and as ${JSON.stringify(value)}`,
    );
  }
  const values = flag.kind === "list" ? [...before, ...splitList(value)] : [value];
  given.set(flag.name, { values, place: `--${flag.name}`, folder });
}

/** The parts of a list that is written with commas; an empty text has none. */
export function splitList(text: string): readonly string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
