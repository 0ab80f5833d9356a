import { formatStatus, type Status } from "../api/status.ts";
import type { Format } from "../codec/codec.ts";
import { prettyJson } from "../codec/json-pretty.ts";
import { encodeStatusBody } from "../codec/protobuf-status.ts";
import type { Answer } from "../http/answer.ts";
import { ownHeaders } from "./cache-headers.ts";
import type { Source } from "./parts.ts";

/** A Status as an answer, in the encoding that was asked for, JSON where it was another. */
export function statusResponse(
  status: Status,
  format: Format | "other",
  source: Source,
  isPretty = false,
): Answer {
  const headers = ownHeaders(format === "protobuf" ? "protobuf" : "json", "whole", source);
  const retryAfter = status.details?.retryAfterSeconds;
  if (retryAfter !== undefined) headers.set("retry-after", String(retryAfter));
  return { status: status.code, headers, body: encode(status, format, isPretty) };
}

function encode(status: Status, format: Format | "other", isPretty: boolean): Uint8Array {
  if (format === "protobuf") return encodeStatusBody(status);
  const bytes = new TextEncoder().encode(`${formatStatus(status)}\n`);
  return isPretty ? prettyJson(bytes) : bytes;
}
