import { type Config, ConfigError } from "./config.ts";
import {
  beginReading,
  CredentialError,
  type CredentialSource,
  type FirstReading,
  openCredentials,
} from "./upstream/kubeconfig.ts";

/** Begins to read the credentials that a Config names. With `plugins: "leave"` no exec plugin runs and nothing reaches a network. */
export function beginReadingConfigured(
  { credentials: origin, serverAddr }: Config,
  plugins: "run" | "leave",
): FirstReading {
  return beginReading({ origin, serverAddr, plugins });
}

/** Opens the credentials that are read. Rejects with a ConfigError where they cannot be used, unless they are to be read again. */
export async function openConfiguredCredentials(
  reading: FirstReading,
  unreadable: "is an error" | "is read again",
): Promise<CredentialSource> {
  try {
    return await openCredentials(reading, unreadable);
  } catch (error) {
    if (error instanceof CredentialError) throw new ConfigError(error.message, error);
    throw error;
  }
}
