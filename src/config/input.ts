import { readFileSync, statSync } from "node:fs";

/** What a Config is made from. */
export interface ConfigInput {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  /** The text of a file; throws as `readFileSync` does. */
  readonly readFile: (file: string) => string;
  readonly isFile: (file: string) => boolean;
}

/** This process' own command line, environment and files. */
export function processInput(): ConfigInput {
  return {
    argv: process.argv.slice(2),
    env: process.env,
    folder: process.cwd(),
    readFile: (file) => readFileSync(file, "utf8"),
    isFile: (file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true,
  };
}
