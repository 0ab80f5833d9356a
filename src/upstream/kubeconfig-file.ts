// The only file that knows @kubernetes/client-node. Loaded in the reading process alone: the package is heavy.
import type { RequestOptions } from "node:https";
import { dirname } from "node:path";

import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import type { Cluster, Context, User } from "@kubernetes/client-node/dist/config_types.js";

import {
  type Fields,
  fieldsIn,
  noKubeconfig,
  readKubeconfigDocument,
} from "./kubeconfig-document.ts";

export type { Cluster, Context, User } from "@kubernetes/client-node/dist/config_types.js";

/** A kubeconfig; relative paths in it are absolute. */
export interface KubeconfigFile {
  readonly file: string;
  readonly currentContext: string | undefined;
  readonly contexts: readonly Context[];
  readonly clusters: readonly Cluster[];
  readonly users: readonly User[];
  /** What the package leaves out: the fields of the cluster or user of this name. */
  readonly fieldsOf: (list: "clusters" | "users", name: string) => Fields;
}

/** Reads a kubeconfig. Throws a CredentialError that names the file where it is not readable or none. */
export function openKubeconfig(file: string): KubeconfigFile {
  const document = readKubeconfigDocument(file);
  const config = new KubeConfig();
  try {
    config.loadFromString(JSON.stringify(withoutOwnReading(document)));
  } catch (error) {
    throw noKubeconfig(file, error instanceof Error ? error.message : String(error));
  }
  config.makePathsAbsolute(dirname(file));
  const current = document["current-context"];
  return {
    file,
    currentContext: typeof current === "string" && current !== "" ? current : undefined,
    contexts: config.contexts,
    clusters: config.clusters,
    users: config.users,
    fieldsOf: (list, name) => {
      const entry = entriesOf(document, list).find((candidate) => candidate["name"] === name);
      return fieldsIn(entry?.[list === "clusters" ? "cluster" : "user"]);
    },
  };
}

/** The package would read `token-file` from the working folder, which kubectl does not know, and knows no `tokenFile`. */
function withoutOwnReading(document: Fields): Fields {
  const users = entriesOf(document, "users").map((entry) => ({
    ...entry,
    user: { ...fieldsIn(entry["user"]), "token-file": undefined },
  }));
  return { ...document, users };
}

function entriesOf(document: Fields, list: string): readonly Fields[] {
  const entries = document[list];
  return Array.isArray(entries) ? entries.map(fieldsIn) : [];
}

/** The Authorization header that an `auth-provider` (oidc, gcp, azure) gives; it may reach a network for that. */
export async function askAuthProvider(cluster: Cluster, user: User): Promise<string | undefined> {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ ...cluster, server: "https://unused" }, user);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const header: unknown = Object.entries(options.headers ?? {}).find(
    ([name]) => name.toLowerCase() === "authorization",
  )?.[1];
  return typeof header === "string" ? header : undefined;
}
