import { log } from "../log.ts";
import {
  CredentialError,
  type CredentialOptions,
  type Credentials,
  noCredentialsYet,
} from "./credentials.ts";
import { readCredentials } from "./read-credentials.ts";
import { asRead, type ReadCredentials, RefreshingCredentials } from "./refreshing-credentials.ts";

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

/** A first reading that is under way. */
export interface FirstReading {
  readonly options: CredentialOptions;
  readonly credentials: Promise<ReadCredentials>;
  /** Ends it. */
  readonly late: AbortController;
}

/** Begins to read: it takes a process of its own, and this one can do other things meanwhile. How it ends openCredentials tells. */
export function beginReading(options: CredentialOptions): FirstReading {
  const late = new AbortController();
  const credentials = readCredentials(options, late.signal).then(asRead);
  credentials.catch(() => undefined);
  return { options, credentials, late };
}

/**
 * Takes the credentials that are read and keeps them fresh: their files are looked at every few seconds, and those that expire are
 * read again before that. A later reading that fails is one line in the log and changes nothing.
 * Rejects with a CredentialError where the first reading fails, unless they are to be read again: then it begins without any.
 */
export async function openCredentials(
  reading: FirstReading,
  unreadable: "is an error" | "is read again",
): Promise<CredentialSource> {
  const { options } = reading;
  const first =
    unreadable === "is an error" ? await reading.credentials : await readOrWithout(reading);
  if (options.plugins === "run")
    for (const warning of first.credentials.warnings) log.warn(warning);
  return new RefreshingCredentials(first, (signal) => readCredentials(options, signal));
}

/** An exec plugin that waits for a network that is not there must not hold up what can be served without it. */
const firstReadingMs = 3000;

async function readOrWithout({
  options: { origin },
  credentials,
  late,
}: FirstReading): Promise<ReadCredentials> {
  const timer = setTimeout(() => late.abort(), firstReadingMs);
  try {
    return await credentials;
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    log.warn(`what is on disk is served, and the credentials are read again: ${error.message}`);
    const files = origin.from === "kubeconfig" ? origin.files : [];
    // Soon, and without that limit, where the time was all that was lacking.
    return asRead(noCredentialsYet(files, late.signal.aborted ? Date.now() + firstReadingMs : 0));
  } finally {
    clearTimeout(timer);
  }
}
