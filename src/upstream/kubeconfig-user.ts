import { readCredentialFile } from "./credential-file.ts";
import { CredentialError } from "./credentials.ts";
import { runExecPlugin } from "./exec-credential.ts";
import { prepareExecPlugin } from "./exec-plugin.ts";
import type { Pem } from "./key-pair.ts";
import type { SelectedContext, SelectedUser } from "./kubeconfig-context.ts";
import { fieldsIn, pathFrom } from "./kubeconfig-document.ts";
import { askAuthProvider } from "./kubeconfig-file.ts";
import { findPem } from "./kubeconfig-pem.ts";

/** Who a user of a kubeconfig is to the apiserver. */
export interface UserCredentials {
  readonly cert: Pem | undefined;
  readonly key: Pem | undefined;
  readonly authorization: string | undefined;
  readonly expiresAt: number | undefined;
  readonly files: readonly string[];
}

const nobody: UserCredentials = {
  cert: undefined,
  key: undefined,
  authorization: undefined,
  expiresAt: undefined,
  files: [],
};

/** Reads the user of a context: certificate, token, token file, password, exec plugin, auth provider. Rejects with a CredentialError. */
export async function readUser(
  context: SelectedContext,
  plugins: "run" | "leave",
): Promise<UserCredentials> {
  const { user } = context;
  if (user === undefined) return nobody;
  refuseImpersonation(user);
  const place = { file: user.file, owner: `user "${user.entry.name}"` };
  const cert = findPem(place, user.fields, "client-certificate");
  const key = findPem(place, user.fields, "client-key");
  const own = { ...nobody, cert: cert.pem, key: key.pem, files: [...cert.files, ...key.files] };
  const said = readSaid(user);
  if (said.authorization !== undefined)
    return { ...own, ...said, files: [...own.files, ...said.files] };
  if (user.entry.exec) {
    const plugin = prepareExecPlugin(user, context.cluster);
    if (plugins === "leave") return own;
    const given = await runExecPlugin(plugin);
    return given.cert === undefined
      ? { ...own, ...given, cert: own.cert, key: own.key }
      : { ...own, ...given };
  }
  if (plugins === "leave" || !user.entry.authProvider) return own;
  return { ...own, authorization: await askAuthProvider(context.cluster.entry, user.entry) };
}

/** To act as the user itself where the file says "as another" would grant what was not meant to be granted. */
function refuseImpersonation({ file, entry, fields }: SelectedUser): void {
  const field = ["as", "as-uid", "as-groups", "as-user-extra"].find(
    (name) => fields[name] !== undefined,
  );
  if (field === undefined) return;
  throw new CredentialError(
    `${file}: user "${entry.name}" has ${field}: impersonation is not supported; name a user of its own`,
  );
}

/** What the file says itself, in client-go's order: token file, token, user and password. */
function readSaid({
  file,
  entry,
  fields,
}: SelectedUser): Pick<UserCredentials, "authorization" | "files"> {
  const owner = `${file}: user "${entry.name}"`;
  const tokenFile =
    fields["tokenFile"] ?? fieldsIn(fieldsIn(entry.authProvider)["config"])["tokenFile"];
  if (typeof tokenFile === "string" && tokenFile !== "") {
    const path = pathFrom(file, tokenFile);
    const token = readCredentialFile(path, `${owner}: tokenFile: `).trim();
    if (token === "") throw new CredentialError(`${path}: empty; a token is expected`);
    return { authorization: bearer(token, owner), files: [path] };
  }
  if (entry.token) return { authorization: bearer(entry.token, owner), files: [] };
  if (!entry.username) return { authorization: undefined, files: [] };
  const pair = Buffer.from(`${entry.username}:${entry.password ?? ""}`).toString("base64");
  return { authorization: `Basic ${pair}`, files: [] };
}

/** A token that cannot stand in a header would be refused far from here, and with its text in the error. */
function bearer(token: string, owner: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return `Bearer ${token}`;
  throw new CredentialError(`${owner}: the token has characters that no header can hold`);
}
