import { type Answer, isStream } from "../http/answer.ts";
import { type IncomingRequest, tooMuchHeld } from "../http/request.ts";
import type { Holding } from "../upstream/holding.ts";

/**
 * The same answer for who reads it into memory: its bytes count until the request is over. The body breaks off with a 429
 * StatusError where there is no room; an answer that is the only one has as much as it needs.
 */
export function countedAnswer(answer: Answer, holding: Holding, request: IncomingRequest): Answer {
  const { body } = answer;
  if (!isStream(body)) return answer;
  let taken = 0;
  request.onOver(() => holding.giveBack(taken));
  const reader = body.getReader();
  const counted = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) return controller.close();
        if (!holding.takeMore(value.length, taken)) {
          void reader.cancel().catch(() => undefined);
          throw tooMuchHeld();
        }
        taken += value.length;
        controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { ...answer, body: counted };
}
