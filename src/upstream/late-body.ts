/** What Bun sends together with its head, however late the answer comes (RequestContext, doRenderBlob). */
const shortBytes = 15 << 10;

/**
 * Bytes for an answer that is not given at once. Bun writes the head of such a one piece by piece, 39 system calls, where the
 * body is longer than this and no stream (m: 380 to 157 µs of CPU for 510 KB, 246 to 25 for 36 KB). This stream is sent as
 * the bytes would be: in one piece, with its length.
 * `onSent` is called when a long body has been taken, by a server or by who reads the answer: nobody needs these bytes any more.
 */
export function lateBody(bytes: Uint8Array<ArrayBuffer>, onSent?: () => void): Bun.BodyInit {
  if (bytes.length < shortBytes) return bytes;
  return new ReadableStream(
    {
      type: "direct",
      pull(controller) {
        void controller.write(bytes);
        void controller.end();
        // A server has copied them by now; who reads the stream as text or as a Blob takes them when this has returned.
        if (onSent !== undefined) setImmediate(onSent);
      },
    },
    // What is written below this mark goes out when it ends, and so with its length.
    { highWaterMark: bytes.length + 1 },
  );
}
