import type { Status, StatusDetails } from "../api/status.ts";
import { concat } from "./json-list.ts";
import { bytesTag, unknownAround, Writer } from "./protobuf.ts";

/** A metav1.Status as protobuf: metadata (1), status (2), message (3), reason (4), details (5), code (6). */
export function encodeStatus(status: Status): Uint8Array {
  const writer = Writer.create();
  const metadata = Writer.create();
  for (const field of [1, 2, 3]) metadata.uint32(bytesTag(field)).string("");
  writer.uint32(bytesTag(1)).bytes(metadata.finish());
  writer.uint32(bytesTag(2)).string(status.status);
  writer.uint32(bytesTag(3)).string(status.message);
  writer.uint32(bytesTag(4)).string(status.reason ?? "");
  if (status.details !== undefined) writer.uint32(bytesTag(5)).bytes(encodeDetails(status.details));
  writer.uint32(6 << 3).int32(status.code);
  return writer.finish();
}

/** StatusDetails: name (1), group (2), kind (3), causes (4), retryAfterSeconds (5), uid (6). */
function encodeDetails(details: StatusDetails): Uint8Array {
  const writer = Writer.create();
  writer.uint32(bytesTag(1)).string(details.name ?? "");
  writer.uint32(bytesTag(2)).string(details.group ?? "");
  writer.uint32(bytesTag(3)).string(details.kind ?? "");
  for (const cause of details.causes ?? []) {
    const inner = Writer.create();
    inner.uint32(bytesTag(1)).string(cause.reason ?? "");
    inner.uint32(bytesTag(2)).string(cause.message ?? "");
    inner.uint32(bytesTag(3)).string(cause.field ?? "");
    writer.uint32(bytesTag(4)).bytes(inner.finish());
  }
  writer.uint32(5 << 3).int32(details.retryAfterSeconds ?? 0);
  writer.uint32(bytesTag(6)).string(details.uid ?? "");
  return writer.finish();
}

/** A Status as a whole body in its envelope. */
export function encodeStatusBody(status: Status): Uint8Array {
  const raw = encodeStatus(status);
  const { head, tail } = unknownAround("v1", "Status", raw.length);
  return concat([head, raw, tail]);
}
