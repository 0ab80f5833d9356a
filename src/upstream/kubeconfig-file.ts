// The only file that knows @kubernetes/client-node. Loaded in the worker alone: the package is heavy.
import type { RequestOptions } from "node:https";
import { dirname, isAbsolute, join } from "node:path";

import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import type { Cluster, Context, User } from "@kubernetes/client-node/dist/config_types.js";

import { readCredentialFile } from "./credential-file.ts";
import { CredentialError } from "./credentials.ts";

export type { Cluster, Context, User } from "@kubernetes/client-node/dist/config_types.js";

/** Fields as the YAML has them. */
export type Fields = Readonly<Record<string, unknown>>;

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

/** Reads a kubeconfig. Throws a CredentialError that names the file where it is not readable or not one. */
export function readKubeconfigFile(file: string): KubeconfigFile {
  const document = parseDocument(file, readCredentialFile(file));
  const config = new KubeConfig();
  try {
    config.loadFromString(JSON.stringify(withoutOwnReading(document)));
  } catch (error) {
    throw notOne(file, error instanceof Error ? error.message : String(error));
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

function parseDocument(file: string, text: string): Fields {
  let document: unknown;
  try {
    document = Bun.YAML.parse(text);
  } catch (error) {
    throw notOne(file, error instanceof Error ? error.message : String(error));
  }
  const isMapping = typeof document === "object" && document !== null && !Array.isArray(document);
  if (!isMapping) throw notOne(file, "no clusters, users and contexts in it");
  return fieldsIn(document);
}

function notOne(file: string, reason: string): CredentialError {
  return new CredentialError(`${file}: no kubeconfig: ${reason}`);
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

/** The fields of a mapping; of anything else none. */
export function fieldsIn(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** The path seen from the folder of the kubeconfig that names it. */
export function pathFrom(kubeconfig: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(kubeconfig), path);
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
