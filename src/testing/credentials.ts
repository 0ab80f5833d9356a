import { anonymousCredentials, type Credentials } from "../upstream/credentials.ts";
import type { CredentialSource } from "../upstream/kubeconfig.ts";

/** Credentials for this server, without a right unless one is given. */
export function credentialsFor(server: string, more: Partial<Credentials> = {}): Credentials {
  return { ...anonymousCredentials(server), source: "a test", ...more };
}

/** Credentials that stay as they are. */
export function constantSource(credentials: Credentials): CredentialSource {
  return {
    current: () => credentials,
    refresh: async () => credentials,
    onChange: () => undefined,
    close: () => undefined,
  };
}
