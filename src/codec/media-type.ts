import type { Format } from "./codec.ts";

/** What a client accepts first of what an apiserver serves. `other`: a form that we do not make (Table, metadata only, CBOR, none). */
export interface Negotiated {
  readonly format: Format | "other";
  /** JSON in its place where the type has no protobuf: the client accepts that as well. */
  readonly acceptsJson: boolean;
  /** `application/json;pretty=1` */
  readonly isPretty: boolean;
}

const other: Negotiated = { format: "other", acceptsJson: false, isPretty: false };
const json: Negotiated = { format: "json", acceptsJson: true, isPretty: false };

/** What changes no answer; other parameters, and other letters of these, are upstream's to judge. */
const harmless = /^(?:stream=watch|charset=utf-8|charset=UTF-8)$/;

/**
 * Reads an Accept header as an apiserver does: clauses by quality, the first that it serves; an empty one means JSON
 * (apiserver, endpoints/handlers/negotiation/negotiate.go). It tells capitals from small letters, and serves no `application/*`.
 */
export function negotiate(accept: string): Negotiated {
  if (accept.trim() === "") return json;
  const clauses = accept.split(",").map(parseClause);
  const ranked = clauses.toSorted((a, b) => b.quality - a.quality);
  const [first] = ranked;
  if (first === undefined) return other;
  const chosen = toNegotiated(first);
  if (chosen.format !== "protobuf") return chosen;
  return {
    ...chosen,
    acceptsJson: ranked.some((clause) => toNegotiated(clause).format === "json"),
  };
}

/** One clause of an Accept header. */
export interface Clause {
  /** As it was written. */
  readonly text: string;
  readonly type: string;
  /** As they were written, without the quality. */
  readonly parameters: readonly string[];
  readonly quality: number;
}

/** The clauses of an Accept header in the order they are written; an empty one means JSON. */
export function parseAccept(accept: string): readonly Clause[] {
  return (accept.trim() === "" ? "application/json" : accept).split(",").map(parseClause);
}

function parseClause(text: string): Clause {
  const [type = "", ...rest] = text.split(";").map((part) => part.trim());
  const quality = rest.find((part) => part.startsWith("q="));
  return {
    text: text.trim(),
    type,
    parameters: rest.filter((part) => !part.startsWith("q=") && !harmless.test(part)),
    quality: quality === undefined ? 1 : Number(quality.slice(2)) || 0,
  };
}

function toNegotiated({ type, parameters, quality }: Clause): Negotiated {
  const isPretty = parameters.includes("pretty=1");
  const isUnknown = parameters.some((part) => part !== "pretty=1");
  if (isUnknown || quality === 0) return other;
  switch (type) {
    case "application/json":
    case "*/*":
      return { format: "json", acceptsJson: true, isPretty };
    case "application/vnd.kubernetes.protobuf":
      return { format: "protobuf", acceptsJson: false, isPretty: false };
  }
  return other;
}

/** The Content-Type of an answer. */
export function contentType(format: Format, stream: "whole" | "watch"): string {
  if (format === "json") return "application/json";
  const type = "application/vnd.kubernetes.protobuf";
  return stream === "watch" ? `${type};stream=watch` : type;
}

/** The encoding of a Content-Type; undefined for what cannot be looked into. */
export function formatOf(type: string): "json" | "protobuf" | undefined {
  if (/^application\/(?:[-.\w]+\+)?json(?:;|$)/.test(type)) return "json";
  return type.startsWith("application/vnd.kubernetes.protobuf") ? "protobuf" : undefined;
}
