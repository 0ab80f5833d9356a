import type { Format } from "../codec/codec.ts";
import { contentType } from "../codec/media-type.ts";
import { sharedHeaders } from "../http/response-head.ts";
import type { Source } from "./parts.ts";

/** The headers of an answer of our own: as an apiserver's, and where it is from. */
export function ownHeaders(format: Format, stream: "whole" | "watch", source: Source): Headers {
  return new Headers({
    "cache-control": "no-cache, private",
    "content-type": contentType(format, stream),
    "x-edge-proxy": source,
  });
}

/** Those of what a scope answers: all such answers share them. */
export const cacheHeaders = {
  json: headersOf("json"),
  protobuf: headersOf("protobuf"),
} as const;

function headersOf(format: Format) {
  return {
    whole: sharedHeaders(ownHeaders(format, "whole", "cache")),
    watch: sharedHeaders(ownHeaders(format, "watch", "cache")),
  } as const;
}
