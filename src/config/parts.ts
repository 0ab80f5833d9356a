import { formatAddress, parseAddress, parseOptionalAddress, parseServerUrl } from "./addresses.ts";
import { chooseCredentials } from "./credentials.ts";
import { ConfigError } from "./error.ts";
import type { GivenFlags } from "./flags.ts";
import type { ConfigInput } from "./input.ts";
import { defaultMemoryLimit } from "./memory.ts";
import { parseDurationFrom, parseSizeFrom } from "./quantities.ts";
import { createCacheableTest, createPatternTest, parsePattern, parsePreload } from "./resources.ts";
import { listOf, optionalSetting, pathSetting, setting } from "./settings.ts";
import { parseBoolean, parseChoice, parseRegExp, parseVerbosity } from "./values.ts";

/** Whom to reach, and as whom. */
export function upstreamPart(given: GivenFlags, { env, isFile }: ConfigInput) {
  const serverAddr = optionalSetting(given, "server-addr", parseServerUrl);
  const credentials = chooseCredentials({
    kubeconfig: pathSetting(given, "kubeconfig", env),
    useKubeconfig: optionalSetting(given, "use-kubeconfig", parseBoolean),
    serverAddr,
    env,
    isFile,
  });
  const healthIntervalMs = setting(given, "health-interval", parseDurationFrom(100));
  return { serverAddr, credentials, healthIntervalMs };
}

/** Where clients and operators connect. */
export function listenerPart(given: GivenFlags, { env }: ConfigInput) {
  const bindAddress = setting(given, "bind-address", parseAddress);
  const adminAddress = optionalSetting(given, "admin-address", parseOptionalAddress);
  if (
    adminAddress !== undefined &&
    bindAddress.port !== 0 &&
    formatAddress(adminAddress) === formatAddress(bindAddress)
  ) {
    throw new ConfigError(
      `--admin-address: ${formatAddress(adminAddress)} is --bind-address too; give another port`,
    );
  }
  return {
    bindAddress,
    bindSocket: pathSetting(given, "bind-socket", env),
    acceptHosts: Object.freeze(listOf(given, "accept-hosts", parseRegExp)),
    adminAddress,
  };
}

/** What is cached, how long and with how much memory. */
export function cachePart(given: GivenFlags, { readFile }: ConfigInput) {
  const cacheResources = Object.freeze(listOf(given, "cache-resources", parsePattern));
  const noCacheResources = Object.freeze(listOf(given, "no-cache-resources", parsePattern));
  return {
    cacheResources,
    noCacheResources,
    isCacheable: createCacheableTest(cacheResources, noCacheResources),
    readConsistency: setting(given, "read-consistency", parseChoice(["session", "exact", "any"])),
    scopeWindowMs: setting(given, "scope-window", parseDurationFrom(0)),
    scopeIdleMs: setting(given, "scope-idle", parseDurationFrom(100)),
    preload: Object.freeze(listOf(given, "preload", parsePreload)),
    memoryLimitBytes:
      optionalSetting(given, "memory-limit", parseSizeFrom(2 ** 20)) ??
      defaultMemoryLimit((file) => textIfThere(readFile, file)),
    // A watcher must be able to hold one object; a small one is a few KiB.
    watchBufferBytes: setting(given, "watch-buffer", parseSizeFrom(4096)),
  };
}

/** What is kept on disk, where and how much. */
export function diskPart(given: GivenFlags, { env }: ConfigInput) {
  const noDiskResources = Object.freeze(listOf(given, "no-disk-resources", parsePattern));
  return {
    diskCachePath: pathSetting(given, "disk-cache-path", env) ?? "/etc/kubernetes/cache",
    isDiskRequired: given.has("disk-cache-path"),
    diskFlushMs: setting(given, "disk-flush", parseDurationFrom(10)),
    diskLimitBytes: setting(given, "disk-limit", parseSizeFrom(2 ** 20)),
    replayLimitBytes: setting(given, "replay-limit", parseSizeFrom(0)),
    noDiskResources,
    isKeptOffDisk: createPatternTest(noDiskResources),
  };
}

/** How the process behaves and what it says. */
export function processPart(given: GivenFlags) {
  const sampleHandler = setting(given, "enable-sample-handler", parseBoolean);
  return {
    shutdownGraceMs: setting(given, "shutdown-grace", parseDurationFrom(0)),
    logFormat: setting(given, "log-format", parseChoice(["text", "json"])),
    verbosity: setting(given, "v", parseVerbosity),
    notices: Object.freeze(
      sampleHandler ? ["--enable-sample-handler is accepted and has no effect"] : [],
    ),
  };
}

function textIfThere(readFile: ConfigInput["readFile"], file: string): string | undefined {
  try {
    return readFile(file);
  } catch {
    return undefined;
  }
}
