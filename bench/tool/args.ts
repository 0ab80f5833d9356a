import { ConfigError } from "../../src/config/error.ts";
import { nearest } from "../../src/config/nearest.ts";
import type { Flag } from "./flags.ts";

/** What was given, by the names of the flags. */
export type Given = ReadonlyMap<string, readonly string[]>;

/**
 * Reads a command line strictly: `--flag value`, `--flag=value`, a boolean alone or with `true` or `false` after it, `-h`.
 * Throws a ConfigError for an unknown flag, a missing value, a flag given twice with two values, and for what is no flag.
 */
export function parseArgs(argv: readonly string[], flags: readonly Flag[]): Given {
  const given = new Map<string, readonly string[]>();
  let next = 0;
  while (next < argv.length) {
    const { flag, inline } = readFlag(argv[next] ?? "", flags);
    const { value, taken } = readValue(flag, inline, argv[next + 1]);
    const before = given.get(flag.name) ?? [];
    if (flag.kind !== "list" && before.some((other) => other !== value))
      throw new ConfigError(`--${flag.name}: given twice, as ${before[0]} and as ${value}`);
    given.set(flag.name, flag.kind === "list" ? [...before, value] : [value]);
    next += 1 + taken;
  }
  return given;
}

function readFlag(
  argument: string,
  flags: readonly Flag[],
): { readonly flag: Flag; readonly inline: string | undefined } {
  const [, written, inline] = /^--([^-=][^=]*)(?:=(.*))?$/s.exec(
    argument === "-h" ? "--help" : argument,
  ) ?? [undefined, undefined, undefined];
  if (written === undefined)
    throw new ConfigError(`${JSON.stringify(argument)}: not understood; only flags (--help)`);
  const flag = flags.find(({ name }) => name === written);
  if (flag !== undefined) return { flag, inline };
  const near = nearest(
    written,
    flags.map(({ name }) => name),
  );
  const hint = near === undefined ? "--help lists all" : `the nearest is --${near}`;
  throw new ConfigError(`--${written}: unknown flag; ${hint}`);
}

interface Value {
  readonly value: string;
  /** How many arguments after the flag it took. */
  readonly taken: 0 | 1;
}

function readValue(flag: Flag, inline: string | undefined, after: string | undefined): Value {
  if (flag.kind === "boolean") return readBoolean(flag, inline, after);
  const value = inline ?? (after?.startsWith("--") === true ? undefined : after);
  if (value === undefined || value === "")
    throw new ConfigError(
      `--${flag.name}: a value is missing; write it as --${flag.name}=${flag.hint}`,
    );
  return { value, taken: inline === undefined ? 1 : 0 };
}

function readBoolean(flag: Flag, inline: string | undefined, after: string | undefined): Value {
  if (inline === undefined) {
    const isTaken = after === "true" || after === "false";
    return isTaken ? { value: after, taken: 1 } : { value: "true", taken: 0 };
  }
  if (inline === "true" || inline === "false") return { value: inline, taken: 0 };
  throw new ConfigError(`--${flag.name}=${inline}: it is true or false`);
}
