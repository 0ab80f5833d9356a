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

/** An exec plugin that waits for a network that is not there must not hold up what can be served without it. */
const firstReadingMs = 3000;

async function readFirst(
  { origin, unreadable }: CredentialOptions,
  read: (signal: AbortSignal) => Promise<Credentials>,
): Promise<Credentials> {
  const late = new AbortController();
  if (unreadable === undefined) return await read(late.signal);
  const timer = setTimeout(() => late.abort(), firstReadingMs);
  try {
    return await read(late.signal);
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    log.warn(`what is on disk is served, and the credentials are read again: ${error.message}`);
    const files = origin.from === "kubeconfig" ? origin.files : [];
    // Soon, and without that limit, where the time was all that was lacking.
    return noCredentialsYet(files, late.signal.aborted ? Date.now() + firstReadingMs : 0);
  } finally {
    clearTimeout(timer);
  }
}
