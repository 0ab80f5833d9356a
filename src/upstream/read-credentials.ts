import { readKubeconfigApart } from "./credential-process.ts";
import {
  anonymousCredentials,
  CredentialError,
  type CredentialOptions,
  type Credentials,
} from "./credentials.ts";
import { readServiceAccount } from "./service-account.ts";

/** Reads credentials from where the options say. Rejects with a CredentialError where they cannot be used. */
export async function readCredentials(
  { origin, serverAddr, plugins }: CredentialOptions,
  signal: AbortSignal,
): Promise<Credentials> {
  if (origin.from === "kubeconfig")
    return readKubeconfigApart({ files: origin.files, serverAddr, plugins }, signal);
  if (origin.from === "service account") {
    return readServiceAccount(origin.folder, serverAddr ?? origin.server);
  }
  if (serverAddr === undefined) throw new CredentialError("no credentials and no server to reach");
  return anonymousCredentials(serverAddr);
}
