import type { LiveScope } from "../cache/watch-caches.ts";
import { headPadding, headPaddingMs } from "../upstream/forward.ts";
import { cacheHeaders } from "./cache-headers.ts";
import { warnedAnswer } from "./marks.ts";

/**
 * A JSON watch whose scope is still being filled gets its head, and a space that becomes the start of its first line, as soon
 * as upstream has said 200 and 50 ms have gone by (CONTRACT 13). `answer` follows; what is no 200 becomes an ERROR event.
 */
export async function withHeadStart(
  answer: Promise<Response>,
  filling: LiveScope,
): Promise<Response> {
  const late = filling.reflector.firstAnswer.then(async (error): Promise<Response | "late"> => {
    if (error !== undefined) return await answer;
    await Bun.sleep(headPaddingMs);
    return "late";
  });
  const first = await Promise.race([answer, late]);
  if (first !== "late") return first;
  let reader: ReturnType<typeof readerOf> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(headPadding),
    async pull(controller) {
      reader ??= readerOf(await bodyOf(answer));
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async (reason) => {
      const inner = reader ?? readerOf(await bodyOf(answer));
      await inner.cancel(reason);
    },
  });
  return warnedAnswer(filling, new Response(body, { headers: cacheHeaders.json.watch }));
}

function readerOf(body: ReadableStream<Uint8Array>) {
  return body.getReader();
}

async function bodyOf(answer: Promise<Response>): Promise<ReadableStream<Uint8Array>> {
  const response = await answer;
  if (response.status === 200 && response.body !== null) return response.body;
  const status = (await response.text()).trim();
  return new Blob([`{"type":"ERROR","object":${status}}\n`]).stream();
}
