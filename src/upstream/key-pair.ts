import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";

import { type ClientTls, CredentialError } from "./credentials.ts";

/** PEM, and how an error calls the place it was read from. */
export interface Pem {
  readonly text: string;
  readonly place: string;
}

export interface TlsMaterial {
  readonly ca: Pem | undefined;
  readonly cert: Pem | undefined;
  readonly key: Pem | undefined;
}

/** Throws a CredentialError that names the file where a certificate cannot be read, or does not fit its key. */
export function checkTlsMaterial({ ca, cert, key }: TlsMaterial): void {
  if (ca !== undefined) parse(ca, () => new X509Certificate(ca.text));
  if (cert === undefined && key === undefined) return;
  if (cert === undefined || key === undefined) {
    const [has, lacks] = cert === undefined ? [key, "certificate"] : [cert, "key"];
    throw new CredentialError(`${has?.place}: a client ${lacks} must come with it`);
  }
  parse(cert, () => new X509Certificate(cert.text));
  parse(key, () => createSecureContext({ key: key.text }));
  try {
    createSecureContext({ cert: cert.text, key: key.text });
  } catch (error) {
    throw new CredentialError(
      `${cert.place}: the certificate does not fit the key in ${key.place}`,
      error,
    );
  }
}

function parse({ place }: Pem, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    throw new CredentialError(`${place}: not readable as PEM`, error);
  }
}

/** What is wrong with a client certificate at a time, for people. */
export function validityWarnings({ cert }: TlsMaterial, now: number): readonly string[] {
  if (cert === undefined) return [];
  const { validFromDate, validToDate } = new X509Certificate(cert.text);
  if (validToDate.getTime() < now) {
    return [`${cert.place}: the client certificate expired at ${validToDate.toISOString()}`];
  }
  return validFromDate.getTime() > now
    ? [`${cert.place}: the client certificate is not valid before ${validFromDate.toISOString()}`]
    : [];
}

/** The material as a client takes it. */
export function clientTls(
  { ca, cert, key }: TlsMaterial,
  serverName: string | undefined,
  verify: "verify" | "trust anyone",
): ClientTls {
  return {
    ...(ca === undefined || verify === "trust anyone" ? {} : { ca: ca.text }),
    ...(cert === undefined ? {} : { cert: cert.text }),
    ...(key === undefined ? {} : { key: key.text }),
    ...(serverName === undefined ? {} : { serverName }),
    rejectUnauthorized: verify === "verify",
  };
}
