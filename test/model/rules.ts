import type { Loose } from "../../src/testing/contract-client.ts";
import type { Reader } from "./moves.ts";

/** The rules of a run's proxy: for the User-Agent `ruled/1` only. What they leave is read below, apart from the proxy's code. */
export const rulesText = `rules:
  - name: hidden-names
    match: { userAgents: [ruled/*] }
    hide: { namePrefix: a- }
  - name: hidden-labels
    match: { userAgents: [ruled/*], namespaces: [m] }
    hide: { labelSelector: l=z }
  - name: small-metadata
    match: { userAgents: [ruled/*] }
    trim: [metadata.managedFields, metadata.creationTimestamp, 'metadata.annotations["text"]']
  - name: no-contents
    match: { userAgents: [ruled/*], resources: [example.com/widgets] }
    trim: [spec]
`;

/** What a request says of its reader. */
export function userAgentOf(reader: Reader): string {
  return `${reader}/1`;
}

/** Whether the reader is not shown the object at all. */
export function isHiddenFrom(reader: Reader, { metadata }: Loose): boolean {
  return reader === "ruled" && (isHiddenByName(metadata.name) || isHiddenByLabel(metadata));
}

export function isHiddenByName(name: string): boolean {
  return name.startsWith("a-");
}

function isHiddenByLabel({ namespace, labels }: Loose): boolean {
  return namespace === "m" && labels?.l === "z";
}

/** What the reader is shown of an object that is not hidden; the same object every time. */
export function shownTo(reader: Reader, object: Loose): Loose {
  if (reader === "model") return object;
  const known = trimmed.get(object);
  if (known !== undefined) return known;
  const made = trim(object);
  trimmed.set(object, made);
  return made;
}

const trimmed = new WeakMap<Loose>();

/** What is emptied by it is left out, too. */
function trim(object: Loose): Loose {
  const {
    managedFields: _managed,
    creationTimestamp: _created,
    annotations,
    ...rest
  } = object.metadata;
  const { text, ...others } = annotations ?? {};
  const isEmptied = text !== undefined && Object.keys(others).length === 0;
  const metadata = annotations === undefined || isEmptied ? rest : { ...rest, annotations: others };
  const { spec, ...contents } = object;
  return object.kind === "Widget" || spec === undefined
    ? { ...contents, metadata }
    : { ...contents, spec, metadata };
}

/** What an object is known by. */
export function identityOf({ kind, apiVersion, metadata }: Loose): Loose {
  const { name, namespace, uid, resourceVersion } = metadata;
  return { kind, apiVersion, metadata: { name, namespace, uid, resourceVersion } };
}

/** Whether the reader sees no difference between two states of an object. */
export function looksSame(reader: Reader, a: Loose, b: Loose): boolean {
  return Bun.deepEquals(withoutVersion(shownTo(reader, a)), withoutVersion(shownTo(reader, b)));
}

function withoutVersion(object: Loose): Loose {
  const { resourceVersion: _version, ...metadata } = object.metadata;
  return { ...object, metadata };
}
