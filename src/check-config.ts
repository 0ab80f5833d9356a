import type { Config } from "./config.ts";
import { formatAddress } from "./config/addresses.ts";
import { formatDuration, formatSize } from "./config/quantities.ts";
import { formatPattern } from "./config/resources.ts";
import { beginReadingConfigured, openConfiguredCredentials } from "./configured-credentials.ts";
import type { Credentials } from "./upstream/kubeconfig.ts";

/**
 * What is in effect, as YAML: the flags under their names, then the credentials with their secrets masked.
 * Reads the credentials but runs no exec plugin and reaches no network. Rejects with a ConfigError as `serve` would.
 */
export async function checkConfig(config: Config): Promise<string> {
  const reading = beginReadingConfigured(config, "leave");
  const source = await openConfiguredCredentials(reading, "is an error");
  const credentials = source.current();
  source.close();
  const all = { ...flagsPart(config), credentials: credentialsPart(credentials) };
  return `${Bun.YAML.stringify(all, null, 2)}\n`;
}

function flagsPart(config: Config) {
  return {
    ...(config.serverAddr === undefined ? {} : { "server-addr": config.serverAddr }),
    "health-interval": formatDuration(config.healthIntervalMs),
    "bind-address": formatAddress(config.bindAddress),
    ...(config.bindSocket === undefined ? {} : { "bind-socket": config.bindSocket }),
    "accept-hosts": config.acceptHosts.map((host) => host.source),
    "admin-address": config.adminAddress === undefined ? "off" : formatAddress(config.adminAddress),
    "read-consistency": config.readConsistency,
    "scope-window": formatDuration(config.scopeWindowMs),
    "scope-idle": formatDuration(config.scopeIdleMs),
    preload: config.preload.map(({ group, version, resource }) =>
      group === "" ? `${version}/${resource}` : `${group}/${version}/${resource}`,
    ),
    "cache-resources": config.cacheResources.map(formatPattern),
    "no-cache-resources": config.noCacheResources.map(formatPattern),
    "memory-limit": formatSize(config.memoryLimitBytes),
    "watch-buffer": formatSize(config.watchBufferBytes),
    "disk-cache-path": config.diskCachePath,
    "disk-flush": formatDuration(config.diskFlushMs),
    "disk-limit": formatSize(config.diskLimitBytes),
    "replay-limit": formatSize(config.replayLimitBytes),
    "no-disk-resources": config.noDiskResources.map(formatPattern),
    rules: config.rules.rules.map(({ written }) => written),
    "shutdown-grace": formatDuration(config.shutdownGraceMs),
    "log-format": config.logFormat,
    v: config.verbosity,
  };
}

function authorityOf(tls: Credentials["tls"]): string {
  if (!tls.rejectUnauthorized) return "not checked";
  return tls.ca === undefined ? "the system's" : masked;
}

const masked = "***";

function credentialsPart({ source, server, tls, authorization, files, warnings }: Credentials) {
  const scheme = authorization?.split(" ")[0];
  return {
    source,
    server,
    ...(tls.serverName === undefined ? {} : { "tls-server-name": tls.serverName }),
    "verify-server": tls.rejectUnauthorized,
    "certificate-authority": authorityOf(tls),
    ...(tls.cert === undefined ? {} : { "client-certificate": masked, "client-key": masked }),
    ...(scheme === undefined ? {} : { [scheme === "Bearer" ? "token" : "password"]: masked }),
    files,
    warnings,
  };
}
