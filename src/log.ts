import { createConsola, type LogObject } from "consola/core";

import { redact } from "./log-redact.ts";
import { writeToStderr } from "./log-sink.ts";

/** What an entry says beside its message. An Error is shown by its message, and by its stack from `--v 4` on. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface LogOptions {
  readonly format: "text" | "json";
  /** As klog's `--v`: at 0 debug entries are left out. */
  readonly verbosity: number;
  /** Takes one line, without its newline; standard error unless given. */
  readonly write?: (line: string) => void;
}

interface Entry {
  readonly message: string;
  readonly fields: LogFields;
}

const levels = { error: 0, warn: 1, info: 3, debug: 4 } as const;
type Level = keyof typeof levels;

/** From here on an error shows where it comes from. */
const stackVerbosity = 4;

let options: LogOptions = { format: "text", verbosity: 0 };

const consola = createConsola({
  level: levels.info,
  throttle: 0,
  reporters: [{ log: report }],
});

/** Sets how all entries are written from here on. */
export function configureLog(changed: LogOptions): void {
  options = changed;
  consola.level = changed.verbosity > 0 ? levels.debug : levels.info;
}

/**
 * One line per entry, with the time as RFC 3339 has it. Tokens, keys and certificates never come out, at any level.
 * `info` is for what an operator wants to see when all is well: the start, the stop, the end of an outage.
 */
export const log = {
  error: (message: string, fields?: LogFields) => enter("error", message, fields),
  warn: (message: string, fields?: LogFields) => enter("warn", message, fields),
  info: (message: string, fields?: LogFields) => enter("info", message, fields),
  debug: (message: string, fields?: LogFields) => enter("debug", message, fields),
} as const;

function enter(level: Level, message: string, fields: LogFields = {}): void {
  if (levels[level] > consola.level) return;
  const entry: Entry = { message, fields };
  consola[level].raw(entry);
}

function report({ type, date, args }: LogObject): void {
  const [{ message, fields }] = args as [Entry];
  const write = options.write ?? writeToStderr;
  const shown = Object.entries(fields).filter(([, value]) => value !== undefined);
  const written = shown.map(([name, value]) => [name, show(name, value)] as const);
  const time = date.toISOString();
  write(
    options.format === "json"
      ? JSON.stringify({
          time,
          level: type,
          message: redact(message),
          ...Object.fromEntries(written),
        })
      : [
          time,
          type.toUpperCase().padEnd(5),
          oneLine(redact(message)),
          ...written.map(textField),
        ].join(" "),
  );
}

const secretName = /authorization|token|password|secret|private/i;

function show(name: string, value: unknown): string | number | boolean {
  if (secretName.test(name)) return "[redacted]";
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "string") return redact(value);
  if (value instanceof Error) {
    const stack = options.verbosity >= stackVerbosity ? value.stack : undefined;
    return redact(stack ?? value.message);
  }
  return redact(structure(value));
}

/** As JSON, each text in it redacted before it is escaped; what JSON cannot hold (a cycle, a bigint) is shown by its kind. */
function structure(value: unknown): string {
  try {
    return JSON.stringify(value, redactPart) ?? typeof value;
  } catch {
    return typeof value;
  }
}

function redactPart(name: string, part: unknown): unknown {
  if (secretName.test(name)) return "[redacted]";
  return typeof part === "string" ? redact(part) : part;
}

function textField([name, value]: readonly [string, string | number | boolean]): string {
  const text = String(value);
  return `${name}=${/^[^\s"=\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text)}`;
}

/** A message cannot begin an entry of its own: control characters come out escaped. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}
