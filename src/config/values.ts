// Words, switches and patterns. A parser throws a ConfigError without the flag's name, which its caller puts before it.

import { ConfigError } from "./error.ts";

/** One of the words. */
export function parseChoice<const Word extends string>(
  words: readonly Word[],
): (text: string) => Word {
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return word;
    throw new ConfigError(`${JSON.stringify(text)} is not one of ${words.join(", ")}`);
  };
}

/** What Go's strconv.ParseBool takes. */
export function parseBoolean(text: string): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw new ConfigError(`${JSON.stringify(text)} is neither true nor false`);
}

/** A verbosity of klog. */
export function parseVerbosity(text: string): number {
  if (/^(\d|10)$/.test(text)) return Number(text);
  throw new ConfigError(`${JSON.stringify(text)} is no verbosity; write a number from 0 to 10`);
}

/** A regular expression, which a host must match. */
export function parseRegExp(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new ConfigError(
      `${JSON.stringify(text)} is no regular expression; write it as ^localhost$`,
      error,
    );
  }
}
