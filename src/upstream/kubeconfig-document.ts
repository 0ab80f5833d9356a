import { dirname, isAbsolute, join } from "node:path";

import { readCredentialFile } from "./credential-file.ts";
import { CredentialError } from "./credentials.ts";

/** Fields as the YAML has them. */
export type Fields = Readonly<Record<string, unknown>>;

/** Reads the YAML of a kubeconfig. Throws a CredentialError that names the file where it is not readable or none. */
export function readKubeconfigDocument(file: string): Fields {
  const text = readCredentialFile(file);
  let document: unknown;
  try {
    document = Bun.YAML.parse(text);
  } catch (error) {
    throw noKubeconfig(file, error instanceof Error ? error.message : String(error));
  }
  const isMapping = typeof document === "object" && document !== null && !Array.isArray(document);
  if (!isMapping) throw noKubeconfig(file, "no clusters, users and contexts in it");
  return fieldsIn(document);
}

/** The error of a file that is not what it should be. */
export function noKubeconfig(file: string, reason: string): CredentialError {
  return new CredentialError(`${file}: no kubeconfig: ${reason}`);
}

/** The fields of a mapping; of anything else none. */
export function fieldsIn(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** The path seen from the folder of the kubeconfig that names it. */
export function pathFrom(kubeconfig: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(kubeconfig), path);
}
