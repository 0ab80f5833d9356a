import type { ListenAddress } from "./config/addresses.ts";
import { parseArgs } from "./config/args.ts";
import type { CredentialOrigin } from "./config/credentials.ts";
import type { FlagName } from "./config/flags.ts";
import { readGiven } from "./config/given.ts";
import { type ConfigInput, processInput } from "./config/input.ts";
import { cachePart, diskPart, listenerPart, processPart, upstreamPart } from "./config/parts.ts";
import type { PreloadedResource, ResourcePattern } from "./config/resources.ts";
import { optionalSetting } from "./config/settings.ts";
import { parseBoolean } from "./config/values.ts";
import { RuleSet } from "./rules/rule-set.ts";

export { ConfigError } from "./config/error.ts";

export type ReadConsistency = "session" | "exact" | "any";
export type LogFormat = "text" | "json";

/** All that can be set, parsed and checked. Frozen; times are milliseconds and sizes bytes, as their names say. */
export interface Config {
  readonly serverAddr: string | undefined;
  readonly credentials: CredentialOrigin;
  readonly healthIntervalMs: number;
  readonly bindAddress: ListenAddress;
  readonly bindSocket: string | undefined;
  readonly acceptHosts: readonly RegExp[];
  /** undefined: no admin listener. */
  readonly adminAddress: ListenAddress | undefined;
  readonly readConsistency: ReadConsistency;
  /** 0: only a WATCH starts a scope. */
  readonly scopeWindowMs: number;
  readonly scopeIdleMs: number;
  readonly preload: readonly PreloadedResource[];
  readonly cacheResources: readonly ResourcePattern[];
  readonly noCacheResources: readonly ResourcePattern[];
  /** Whether scopes of this resource may be cached; the core group is the empty string. */
  readonly isCacheable: (group: string, resource: string) => boolean;
  readonly memoryLimitBytes: number;
  readonly watchBufferBytes: number;
  readonly diskCachePath: string;
  /** It was given: not being able to use it is an error. */
  readonly isDiskRequired: boolean;
  readonly diskFlushMs: number;
  readonly diskLimitBytes: number;
  readonly replayLimitBytes: number;
  readonly noDiskResources: readonly ResourcePattern[];
  /** Whether a resource must not be written to disk; the core group is the empty string. */
  readonly isKeptOffDisk: (group: string, resource: string) => boolean;
  /** What of objects is not shown to whom. */
  readonly rules: RuleSet;
  readonly shutdownGraceMs: number;
  readonly logFormat: LogFormat;
  /** From `--v`, as klog's: 0 to 10. */
  readonly verbosity: number;
  /** What is worth one line in the log at the start. */
  readonly notices: readonly string[];
}

/** What the command line asks for. Throws a ConfigError as `parseArgs` does, but never where help is asked for. */
export function readAction(argv: readonly string[]): "help" | "version" | "check" | "serve" {
  if (argv.includes("--help") || argv.includes("-h")) return "help";
  const given = parseArgs(argv, "");
  const asksFor = (name: FlagName) => optionalSetting(given, name, parseBoolean) === true;
  if (asksFor("help")) return "help";
  if (asksFor("version")) return "version";
  return asksFor("check-config") ? "check" : "serve";
}

/**
 * Reads flags, config file and environment; may be called again to see what has changed in the file.
 * Throws a ConfigError for the first thing that cannot be used. Reads no credentials and reaches no network.
 */
export function readConfig(input: ConfigInput = processInput()): Config {
  const { given, rules } = readGiven(input);
  const listeners = listenerPart(given, input);
  const cache = cachePart(given, input);
  const disk = diskPart(given, input);
  const process = processPart(given);
  return Object.freeze({
    ...listeners,
    ...cache,
    ...disk,
    ...process,
    ...upstreamPart(given, input),
    rules: new RuleSet(rules),
  });
}
