import { log } from "../log.ts";
import {
  CredentialError,
  type CredentialOptions,
  type Credentials,
  noCredentialsYet,
} from "./credentials.ts";
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
 * Rejects with a CredentialError where the first reading fails, unless they are to be read again.
 */
export async function openCredentials(options: CredentialOptions): Promise<CredentialSource> {
  const read = (signal: AbortSignal) => readCredentials(options, signal);
  const first = await readFirst(options, read);
  if (options.plugins === "run") for (const warning of first.warnings) log.warn(warning);
  return new RefreshingCredentials(first, read);
}

async function readFirst(
  { origin, unreadable }: CredentialOptions,
  read: (signal: AbortSignal) => Promise<Credentials>,
): Promise<Credentials> {
  try {
    return await read(new AbortController().signal);
  } catch (error) {
    if (unreadable === undefined || !(error instanceof CredentialError)) throw error;
    log.warn(`what is on disk is served, and the credentials are read again: ${error.message}`);
    return noCredentialsYet(origin.from === "kubeconfig" ? origin.files : []);
  }
}
