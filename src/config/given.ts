import type { Rule } from "../rules/rule.ts";
import { parseArgs } from "./args.ts";
import { ConfigError } from "./error.ts";
import { parseConfigFile } from "./file.ts";
import type { GivenFlags } from "./flags.ts";
import type { ConfigInput } from "./input.ts";
import { pathSetting } from "./settings.ts";

/** What flags and config file give; of a flag in both the command line's. Throws a ConfigError for what cannot be read. */
export function readGiven(input: ConfigInput): {
  readonly given: GivenFlags;
  readonly rules: readonly Rule[];
} {
  const fromArgs = parseArgs(input.argv, input.folder);
  const file = pathSetting(fromArgs, "config", input.env);
  if (file === undefined) return { given: fromArgs, rules: [] };
  const { flags, rules } = parseConfigFile(file, readText(input, file));
  return { given: new Map([...flags, ...fromArgs]), rules };
}

/** The rules of a config file, and nothing else of it. Throws a ConfigError as `readGiven` does. */
export function readConfigRules(file: string, readFile: ConfigInput["readFile"]): readonly Rule[] {
  return parseConfigFile(file, readText({ readFile }, file)).rules;
}

function readText(input: Pick<ConfigInput, "readFile">, file: string): string {
  try {
    return input.readFile(file);
  } catch (error) {
    throw new ConfigError(`--config: ${reasonOf(error, file)}`, error);
  }
}

function reasonOf(error: unknown, file: string): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return `${file}: no such file`;
  if (code === "EACCES") return `${file}: not readable for this user`;
  return `${file}: not readable (${String(code ?? error)})`;
}
