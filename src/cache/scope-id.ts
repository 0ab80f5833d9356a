import { parseFieldSelector } from "../api/field-selector.ts";
import { parseLabelSelector } from "../api/label-selector.ts";
import { codecOf } from "../codec/codecs.ts";
import type { Scope } from "./watch-cache.ts";

/** One stable text for scopes that hold the same; `parseScopeId` reads it back without help. */
export function scopeId({ gvr, namespace, labelSelector, fieldSelector, codec }: Scope): string {
  const { group, version, resource } = gvr;
  const { format } = codec;
  return JSON.stringify([
    format,
    group,
    version,
    resource,
    namespace,
    labelSelector.text,
    fieldSelector.text,
  ]);
}

/** The scope of an id; undefined where the text is none. */
export function parseScopeId(text: string): Scope | undefined {
  try {
    const parts: unknown = JSON.parse(text);
    if (!isIdParts(parts)) return undefined;
    const [format, group, version, resource, namespace, labels, fields] = parts;
    if (format !== "json" && format !== "protobuf") return undefined;
    return {
      gvr: { group, version, resource },
      namespace,
      labelSelector: parseLabelSelector(labels),
      fieldSelector: parseFieldSelector(fields),
      codec: codecOf(format),
    };
  } catch {
    return undefined;
  }
}

type IdParts = readonly [string, string, string, string, string, string, string];

function isIdParts(value: unknown): value is IdParts {
  return (
    Array.isArray(value) && value.length === 7 && value.every((part) => typeof part === "string")
  );
}
