import type { Format } from "../codec/codec.ts";
import { contentType } from "../codec/media-type.ts";
import type { Source } from "./parts.ts";

/** The headers of an answer of our own: as an apiserver's, and where it is from. */
export function ownHeaders(format: Format, stream: "whole" | "watch", source: Source): Headers {
  return new Headers({
    "cache-control": "no-cache, private",
    "content-type": contentType(format, stream),
    "x-edge-proxy": source,
  });
}

/** Those of what a scope answers, made once: Bun copies them into each answer. */
export const cacheHeaders = {
  json: headersOf("json"),
  protobuf: headersOf("protobuf"),
} as const;

function headersOf(format: Format) {
  return {
    whole: ownHeaders(format, "whole", "cache"),
    watch: ownHeaders(format, "watch", "cache"),
  } as const;
}
