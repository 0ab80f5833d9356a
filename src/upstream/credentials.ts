/** How the proxy reaches the apiserver and who it is there; plain data, whole. */
export interface Credentials {
  /** `https://host:port[/path]` without a slash at its end. */
  readonly server: string;
  readonly tls: ClientTls;
  /** The value of the Authorization header. */
  readonly authorization: string | undefined;
  /** Milliseconds since 1970; undefined where nothing says when they end. */
  readonly expiresAt: number | undefined;
  /** The files it was read from. */
  readonly files: readonly string[];
  /** For people: `kubeconfig /x, context y`. */
  readonly source: string;
  readonly warnings: readonly string[];
}

/** What a TLS client needs, as PEM; without `ca` the system's authorities are trusted. */
export interface ClientTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly rejectUnauthorized: boolean;
}

/** Nobody's: without a right to anything. */
export function anonymousCredentials(server: string): Credentials {
  return {
    server,
    tls: { rejectUnauthorized: true },
    authorization: undefined,
    expiresAt: undefined,
    files: [],
    source: "no credentials",
    warnings: [],
  };
}

/** Nobody listens there. */
const nowhere = "https://127.0.0.1:0";

/**
 * Stands where no credentials could be read yet: nothing is sent without them, and what is asked for counts as not answered.
 * They are read again at that time, then every half a minute, and when one of these files changes (CONTRACT 25).
 */
export function noCredentialsYet(files: readonly string[], readAgainAt: number): Credentials {
  return {
    ...anonymousCredentials(nowhere),
    expiresAt: readAgainAt,
    files,
    source: "nothing yet",
  };
}

/** Whether the server is a stand-in's. */
export function isNowhere(server: string): boolean {
  return server === nowhere;
}

/** Where credentials are looked for. */
export type CredentialOrigin =
  | { readonly from: "kubeconfig"; readonly files: readonly string[] }
  | { readonly from: "service account"; readonly folder: string; readonly server: string }
  | { readonly from: "nowhere" };

export interface CredentialOptions {
  readonly origin: CredentialOrigin;
  /** Stands in for the server that the origin names. */
  readonly serverAddr: string | undefined;
  /** `leave`: no exec plugin runs and no network is reached, so a token may be missing. */
  readonly plugins: "run" | "leave";
}

/** Credentials that cannot be used: one line that names the file. */
export class CredentialError extends Error {
  constructor(message: string, cause?: unknown) {
    const line = message.trim().replaceAll(/\s*[\r\n]+\s*/g, " ");
    super(line, cause === undefined ? undefined : { cause });
    this.name = "CredentialError";
  }
}

/** Whether two readings come to the same for a connection. */
export function isSameIdentity(left: Credentials, right: Credentials): boolean {
  const identity = ({ server, tls, authorization }: Credentials) =>
    JSON.stringify([
      server,
      authorization,
      tls.ca,
      tls.cert,
      tls.key,
      tls.serverName,
      tls.rejectUnauthorized,
    ]);
  return identity(left) === identity(right);
}

/** What is wrong with this pair of server and credentials, for people. */
export function transportWarnings(server: string, hasSecrets: boolean): readonly string[] {
  return hasSecrets && server.startsWith("http://")
    ? [`${server}: the credentials go over http, where anyone on the way can read them`]
    : [];
}
