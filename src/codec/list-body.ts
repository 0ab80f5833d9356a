import type { ListBody } from "./codec.ts";

/** The body in one piece. */
export function wholeBody(body: ListBody): Uint8Array {
  const whole = new Uint8Array(body.byteLength);
  copyBody(body, whole);
  return whole;
}

/** Writes the body to the begin of these bytes. */
export function copyBody({ pieces }: ListBody, to: Uint8Array): void {
  let at = 0;
  for (const piece of pieces) {
    to.set(piece, at);
    at += piece.length;
  }
}

const groupBytes = 256 << 10;

/** The body as a stream that is made while it is read: the objects stay where they are, and one group of them is copied at a time. */
export function streamedBody({ pieces }: ListBody): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.iterator]();
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const group: Uint8Array[] = [];
        let byteLength = 0;
        while (byteLength < groupBytes) {
          const { done, value } = iterator.next();
          if (done === true) break;
          group.push(value);
          byteLength += value.length;
        }
        if (group.length === 0) return controller.close();
        controller.enqueue(wholeBody({ byteLength, pieces: group }));
      },
    },
    { highWaterMark: 0 },
  );
}
