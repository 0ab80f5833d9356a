import type { Codec, Format } from "./codec.ts";
import { jsonCodec } from "./json-codec.ts";
import { protobufCodec } from "./protobuf-codec.ts";

const codecs: Readonly<Record<Format, Codec>> = { json: jsonCodec, protobuf: protobufCodec };

/** The codec of a format. */
export function codecOf(format: Format): Codec {
  return codecs[format];
}
