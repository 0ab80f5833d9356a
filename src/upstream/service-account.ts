import { join } from "node:path";

import { readCredentialFile } from "./credential-file.ts";
import { CredentialError, type Credentials, transportWarnings } from "./credentials.ts";

/**
 * A pod's own credentials, as client-go's rest.InClusterConfig has them: `token` and `ca.crt` of the folder.
 * Throws a CredentialError for a file that is missing or empty.
 */
export function readServiceAccount(folder: string, server: string): Credentials {
  const tokenFile = join(folder, "token");
  const authorityFile = join(folder, "ca.crt");
  const token = readCredentialFile(tokenFile).trim();
  const ca = readCredentialFile(authorityFile);
  if (token === "") throw new CredentialError(`${tokenFile}: empty; a token is expected`);
  if (!ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw new CredentialError(`${authorityFile}: no certificate in it; PEM is expected`);
  }
  return {
    server,
    tls: { ca, rejectUnauthorized: true },
    authorization: `Bearer ${token}`,
    expiresAt: undefined,
    files: [tokenFile, authorityFile],
    source: `service account in ${folder}`,
    warnings: transportWarnings(server, true),
  };
}
