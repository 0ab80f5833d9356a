import { CredentialError } from "./credentials.ts";
import type { Fields } from "./kubeconfig-document.ts";
import type { Cluster, KubeconfigFile, User } from "./kubeconfig-file.ts";

/** What the current context names, each with the file it stands in. */
export interface SelectedContext {
  readonly name: string;
  readonly cluster: { readonly file: string; readonly entry: Cluster; readonly fields: Fields };
  /** undefined: a context without a user, which goes without credentials. */
  readonly user: SelectedUser | undefined;
}

export interface SelectedUser {
  readonly file: string;
  readonly entry: User;
  readonly fields: Fields;
}

/**
 * The current context of one or several kubeconfigs, merged as kubectl merges them: the first that says something holds.
 * Throws a CredentialError where there is none, or where it names what is not there.
 */
export function selectContext(files: readonly KubeconfigFile[]): SelectedContext {
  const place = files.map(({ file }) => file).join(", ");
  const name = files.find((file) => file.currentContext !== undefined)?.currentContext;
  if (name === undefined) {
    throw new CredentialError(
      `${place}: no current-context; set one with kubectl config use-context NAME`,
    );
  }
  const context = find(files, (file) => file.contexts, name);
  if (context === undefined) throw missing(place, `context "${name}"`, files, "contexts");
  const cluster = find(files, (file) => file.clusters, context.entry.cluster);
  if (cluster === undefined) {
    throw missing(
      place,
      `cluster "${context.entry.cluster}" of context "${name}"`,
      files,
      "clusters",
    );
  }
  const fields = cluster.in.fieldsOf("clusters", cluster.entry.name);
  const user = selectUser(files, place, name, context.entry.user);
  return { name, cluster: { file: cluster.in.file, entry: cluster.entry, fields }, user };
}

function selectUser(
  files: readonly KubeconfigFile[],
  place: string,
  context: string,
  name: string | undefined,
): SelectedUser | undefined {
  if (name === undefined) return undefined;
  const user = find(files, (file) => file.users, name);
  if (user === undefined)
    throw missing(place, `user "${name}" of context "${context}"`, files, "users");
  return { file: user.in.file, entry: user.entry, fields: user.in.fieldsOf("users", name) };
}

function find<Entry extends { readonly name: string }>(
  files: readonly KubeconfigFile[],
  list: (file: KubeconfigFile) => readonly Entry[],
  name: string,
): { readonly in: KubeconfigFile; readonly entry: Entry } | undefined {
  for (const file of files) {
    const entry = list(file).find((candidate) => candidate.name === name);
    if (entry !== undefined) return { in: file, entry };
  }
  return undefined;
}

function missing(
  place: string,
  what: string,
  files: readonly KubeconfigFile[],
  list: "contexts" | "clusters" | "users",
): CredentialError {
  const known = files.flatMap((file) => file[list].map(({ name }) => name));
  const there = known.length === 0 ? "none" : known.join(", ");
  return new CredentialError(`${place}: ${what} is not in it; there: ${there}`);
}
