import { readCredentialFile } from "./credential-file.ts";
import type { Pem } from "./key-pair.ts";
import { type Fields, pathFrom } from "./kubeconfig-document.ts";

export interface FoundPem {
  readonly pem: Pem | undefined;
  /** The file it was read from, if it was. */
  readonly files: readonly string[];
}

/** Where fields of a kubeconfig stand. */
export interface FieldsPlace {
  readonly file: string;
  /** For people: `user "x"`. */
  readonly owner: string;
}

/**
 * The PEM of a field: of its `-data` twin in base64, which goes first as in client-go (tools/clientcmd/api, "overrides"),
 * else of the file that it names. Throws a CredentialError for a file that is not readable.
 */
export function findPem({ file, owner }: FieldsPlace, fields: Fields, name: string): FoundPem {
  const data = fields[`${name}-data`];
  if (typeof data === "string" && data !== "") {
    const text = Buffer.from(data, "base64").toString();
    return { pem: { text, place: `${file}: ${name}-data of ${owner}` }, files: [] };
  }
  const path = fields[name];
  if (typeof path !== "string" || path === "") return { pem: undefined, files: [] };
  const named = pathFrom(file, path);
  const text = readCredentialFile(named, `${file}: ${name} of ${owner}: `);
  return { pem: { text, place: named }, files: [named] };
}
