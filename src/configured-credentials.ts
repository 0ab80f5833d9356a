import { type Config, ConfigError } from "./config.ts";
import { CredentialError, type CredentialSource, openCredentials } from "./upstream/kubeconfig.ts";

/**
 * Opens the credentials that a Config names. Rejects with a ConfigError where they cannot be used, unless they are to be read again.
 * With `plugins: "leave"` no exec plugin runs and nothing reaches a network.
 */
export async function openConfiguredCredentials(
  config: Config,
  plugins: "run" | "leave",
  unreadable?: "read again",
): Promise<CredentialSource> {
  try {
    return await openCredentials({
      origin: config.credentials,
      serverAddr: config.serverAddr,
      plugins,
      ...(unreadable === undefined ? {} : { unreadable }),
    });
  } catch (error) {
    if (error instanceof CredentialError) throw new ConfigError(error.message, error);
    throw error;
  }
}
