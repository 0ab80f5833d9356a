import { formatStatus, type Status } from "../api/status.ts";
import type { Format } from "../codec/codec.ts";
import { prettyJson } from "../codec/json-pretty.ts";
import { contentType } from "../codec/media-type.ts";
import { encodeStatusBody } from "../codec/protobuf-status.ts";
import type { Source } from "./parts.ts";

/** A Status as an answer, in the encoding that was asked for, JSON where it was another. */
export function statusResponse(
  status: Status,
  format: Format | "other",
  source: Source,
  isPretty = false,
): Response {
  const retryAfter = status.details?.retryAfterSeconds;
  return new Response(encode(status, format, isPretty) as Uint8Array<ArrayBuffer>, {
    status: status.code,
    headers: {
      "cache-control": "no-cache, private",
      "content-type": contentType(format === "protobuf" ? "protobuf" : "json", "whole"),
      "x-edge-proxy": source,
      ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
    },
  });
}

function encode(status: Status, format: Format | "other", isPretty: boolean): Uint8Array {
  if (format === "protobuf") return encodeStatusBody(status);
  const bytes = new TextEncoder().encode(`${formatStatus(status)}\n`);
  return isPretty ? prettyJson(bytes) : bytes;
}
