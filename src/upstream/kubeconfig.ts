import { log } from "../log.ts";
import type { CredentialOptions, Credentials } from "./credentials.ts";
import { readCredentials } from "./read-credentials.ts";
import { RefreshingCredentials } from "./refreshing-credentials.ts";

export { CredentialError } from "./credentials.ts";
export type { CredentialOptions, Credentials } from "./credentials.ts";

/** The proxy's own credentials, kept fresh. */
export interface CredentialSource {
  current(): Credentials;
  /** Reads all again; whoever asks meanwhile shares it. Rejects with a CredentialError, which is in the log already, and `current` stays as it was. */
  refresh(): Promise<Credentials>;
  /** The listener is called when the server, the TLS material or the header has changed. */
  onChange(listener: (credentials: Credentials) => void): void;
  close(): void;
}

/**
 * Reads the credentials and keeps them fresh: their files are looked at every few seconds, and those that expire are
 * read again before that. A later reading that fails is one line in the log and changes nothing.
 * Rejects with a CredentialError where the first reading fails.
 */
export async function openCredentials(options: CredentialOptions): Promise<CredentialSource> {
  const read = (signal: AbortSignal) => readCredentials(options, signal);
  const first = await read(new AbortController().signal);
  if (options.plugins === "run") for (const warning of first.warnings) log.warn(warning);
  return new RefreshingCredentials(first, read);
}
