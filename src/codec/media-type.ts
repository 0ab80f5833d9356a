import type { Format } from "./codec.ts";

/** What a client accepts first of what an apiserver serves. `other`: a form that we do not make (Table, metadata only, CBOR, none). */
export interface Negotiated {
  readonly format: Format | "other";
  /** JSON in its place where the type has no protobuf: the client accepts that as well. */
  readonly acceptsJson: boolean;
  /** `application/json;pretty=1` */
  readonly isPretty: boolean;
}

/**
 * One clause of an Accept header. Types, names and values are case-sensitive and have no quotes, and only spaces around them are
 * ignored: an apiserver reads them so (munnerz/goautoneg, ParseAccept).
 */
export interface Clause {
  /** `application/json`; spaces around its slash stay: not every handler of an apiserver ignores them. */
  readonly type: string;
  /** By name, the last of a name, without the quality. */
  readonly parameters: ReadonlyMap<string, string>;
  /** As it is written; undefined where there is none. */
  readonly weight: string | undefined;
}

/** What an apiserver writes for a clause (apiserver, negotiation/negotiate.go acceptMediaTypeOptions; endpoints/handlers/rest.go). */
export type Form = "object" | "table" | "metadata";

export const jsonType = "application/json";
export const protobufType = "application/vnd.kubernetes.protobuf";

const other: Negotiated = { format: "other", acceptsJson: false, isPretty: false };
const plainJson: Negotiated = { format: "json", acceptsJson: true, isPretty: false };

/**
 * Reads an Accept header as an apiserver does: the clause that it prefers, where that is a form of ours; an empty header means
 * JSON. A clause with a parameter that is not known is `other` (CONTRACT 7), although an apiserver ignores the parameter.
 */
export function negotiate(accept: string): Negotiated {
  if (accept.trim() === "") return plainJson;
  const clauses = inPreference(parseAccept(accept)) ?? [];
  const [first] = clauses;
  if (first === undefined || !isPlain(first)) return other;
  const isPretty = first.parameters.get("pretty") === "1";
  if (isJson(first)) return { format: "json", acceptsJson: true, isPretty };
  if (first.type !== protobufType) return other;
  const next = clauses.find((clause) => clause.type !== protobufType || !isPlain(clause));
  const acceptsJson = next !== undefined && isJson(next) && isPlain(next);
  return { format: "protobuf", acceptsJson, isPretty: false };
}

/** How an apiserver writes an error. */
export interface ErrorForm {
  readonly format: Format;
  readonly isPretty: boolean;
}

/**
 * In which form an apiserver writes an error to who accepts this: in the preferred clause for plain objects; where there is
 * none, in indented JSON (apiserver, responsewriters/writers.go WriteRawJSON).
 */
export function errorForm(accept: string): ErrorForm {
  if (accept.trim() === "") return { format: "json", isPretty: false };
  const clauses = parseAccept(accept);
  const plain = (inPreference(clauses) ?? clauses).find(
    (clause) => askedForm(clause) === "object" && (isJson(clause) || clause.type === protobufType),
  );
  if (plain === undefined) return { format: "json", isPretty: true };
  return isJson(plain)
    ? { format: "json", isPretty: plain.parameters.get("pretty") === "1" }
    : { format: "protobuf", isPretty: false };
}

/** Whether a client takes plain objects in JSON in place of another form. */
export function acceptsObjects(accept: string): boolean {
  return parseAccept(accept).some((clause) => isJson(clause) && isPlain(clause));
}

/** The clauses of an Accept header in the order they are written; an empty header means JSON. What is no clause is left out. */
export function parseAccept(accept: string): readonly Clause[] {
  return (accept.trim() === "" ? jsonType : accept).split(",").flatMap(parseClause);
}

/** The form that a clause asks for; undefined where no apiserver of today serves it. */
export function askedForm({ parameters }: Clause): Form | undefined {
  const [as, version, group] = formParameters.map((name) => parameters.get(name));
  if ((parameters.get("stream") ?? "watch") !== "watch") return undefined;
  if ((parameters.get("sv") ?? "") !== "") return undefined;
  if (as === undefined && version === undefined && group === undefined) return "object";
  if (group !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined;
  if (as === "Table") return "table";
  return as === "PartialObjectMetadata" || as === "PartialObjectMetadataList"
    ? "metadata"
    : undefined;
}

/** The parameters that name a form. */
const formParameters = ["as", "v", "g"];

/** The clause in text, with no other parameters than those that name a form. */
export function formatClause({ type, parameters, weight }: Clause): string {
  const kept = formParameters.flatMap((name) => {
    const value = parameters.get(name);
    return value === undefined ? [] : [`;${name}=${value}`];
  });
  return `${type}${kept.join("")}${weight === undefined ? "" : `;q=${weight}`}`;
}

function parseClause(text: string): readonly Clause[] {
  const [type = "", ...rest] = text.split(";");
  const name = trimmed(type);
  const [main = "", subtype = "", ...others] = name.split("/");
  // `*` alone is read as `*/*`, but by some handlers only; a slash at the end is nothing.
  const isType = (subtype !== "" || trimmed(main) === "*") && others.join("/") === "";
  if (!isType) return [];
  const parameters = new Map<string, string>();
  let weight: string | undefined;
  for (const part of rest) {
    const [key, value] = parseParameter(part) ?? [];
    if (key === undefined || value === undefined) continue;
    if (key === "q") weight = value;
    else parameters.set(key, trimmed(value));
  }
  return [{ type: name, parameters, weight }];
}

/** `as=Table=` is taken, `as=Table=x` and `as=` are not. */
function parseParameter(text: string): readonly [string, string] | undefined {
  const at = text.indexOf("=");
  const rest = text.slice(at + 1);
  const end = rest.indexOf("=");
  const isOne = end === -1 || end === rest.length - 1;
  if (at === -1 || rest === "" || !isOne) return undefined;
  return [trimmed(text.slice(0, at)), end === -1 ? rest : rest.slice(0, end)];
}

/** No other white space is ignored. */
function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (text[start] === " ") start++;
  while (end > start && text[end - 1] === " ") end--;
  return text.slice(start, end);
}

/** More clauses than this are sorted by an apiserver in another way (Go, sort/zsortinterface.go insertionSort). */
const maxSorted = 12;

/**
 * The clauses in the order in which an apiserver tries them; undefined where that is not known. Its comparison is no order
 * (quality first, but a wildcard is behind all others), so the result is that of its insertion sort and of no other.
 */
export function inPreference(clauses: readonly Clause[]): readonly Clause[] | undefined {
  if (clauses.length > maxSorted) return undefined;
  // Go reads numbers in base 16 and with underscores, too: upstream does it.
  if (clauses.some(({ weight }) => /_|0x/i.test(weight ?? ""))) return undefined;
  const sorted = clauses.map((clause) => ({ clause, ...rankOf(clause) }));
  for (let i = 1; i < sorted.length; i++) {
    for (let j = i; j > 0; j--) {
      const [before, after] = [sorted[j - 1], sorted[j]];
      if (before === undefined || after === undefined || !isBefore(after, before)) break;
      [sorted[j - 1], sorted[j]] = [after, before];
    }
  }
  return sorted.map(({ clause }) => clause);
}

interface Rank {
  readonly quality: number;
  readonly isAnyType: boolean;
  readonly isAnySubtype: boolean;
}

function rankOf({ type, weight }: Clause): Rank {
  const [main = "", subtype = ""] = type.split("/").map(trimmed);
  const isAnyType = main === "*";
  const isAnySubtype = subtype === "*" || (isAnyType && subtype === "");
  return { quality: weight === undefined ? 1 : qualityOf(weight), isAnyType, isAnySubtype };
}

function isBefore(a: Rank, b: Rank): boolean {
  if (a.quality > b.quality) return true;
  return (!a.isAnyType && b.isAnyType) || (!a.isAnySubtype && b.isAnySubtype);
}

/** Go's strconv.ParseFloat in 32 bits, whose error is ignored: what is no number, with a space before it too, is 0. */
function qualityOf(weight: string): number {
  const [, sign, word] = /^([-+]?)(inf|infinity|nan)$/i.exec(weight) ?? [];
  if (word !== undefined)
    return word.length === 3 && /nan/i.test(word) ? NaN : sign === "-" ? -Infinity : Infinity;
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(weight) ? Math.fround(Number(weight)) : 0;
}

function isJson({ type }: Clause): boolean {
  return type === jsonType || type === "*/*";
}

/** What changes no form; other parameters are upstream's to judge. */
function isHarmless(name: string, value: string): boolean {
  switch (name) {
    case "pretty":
      return value === "1";
    case "stream":
      return value === "watch";
    case "charset":
      return value.toLowerCase() === "utf-8";
  }
  return false;
}

function isPlain({ parameters }: Clause): boolean {
  return parameters.entries().every(([name, value]) => isHarmless(name, value));
}

/** The Content-Type of an answer. */
export function contentType(format: Format, stream: "whole" | "watch"): string {
  if (format === "json") return jsonType;
  return stream === "watch" ? `${protobufType};stream=watch` : protobufType;
}

/** A Content-Type without its parameters, in small letters (Go, mime.ParseMediaType). */
export function mediaTypeOf(text: string): string {
  const [type = ""] = text.split(";");
  return type.trim().toLowerCase();
}

/** The encoding of a Content-Type; undefined for what cannot be looked into. */
export function formatOf(type: string): Format | undefined {
  const name = mediaTypeOf(type);
  if (/^application\/(?:[-.\w]+\+)?json$/.test(name)) return "json";
  return name === protobufType ? "protobuf" : undefined;
}
