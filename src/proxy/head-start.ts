import { StatusError } from "../api/status.ts";
import type { LiveScope } from "../cache/watch-caches.ts";
import type { Format } from "../codec/codec.ts";
import { codecOf } from "../codec/codecs.ts";
import { earlyByteOf } from "../codec/early-byte.ts";
import { encodeFrame } from "../codec/watch-frames.ts";
import {
  type Answer,
  type AnswerBody,
  bodyBytes,
  isPushBody,
  isStream,
  type PushBody,
  type Sink,
} from "../http/answer.ts";
import { StreamBody } from "../http/stream-body.ts";
import { cacheHeaders } from "./cache-headers.ts";
import { warnedAnswer } from "./marks.ts";

/** A watch has its head this long after it is certain that its answer is a 200 (CONTRACT 13). */
const headStartMs = 50;
/** A Status has a few hundred bytes. */
const maxStatusBytes = 1 << 20;

/**
 * A watch whose scope is still being filled gets its head as soon as upstream has said 200 and 50 ms have gone by. `answer`
 * follows; one that is no 200 becomes an ERROR event.
 */
export async function withHeadStart(
  answer: Promise<Answer>,
  filling: LiveScope,
  format: Format,
): Promise<Answer> {
  const late = filling.reflector.firstAnswer.then(async (error): Promise<Answer | "late"> => {
    if (error !== undefined) return await answer;
    await Bun.sleep(headStartMs);
    return "late";
  });
  const first = await Promise.race([answer, late]);
  if (first !== "late") return first;
  const body = new LateWatch(answer, format);
  const early = { ...earlyByteOf(format), afterMs: 0 };
  return warnedAnswer(filling, { status: 200, headers: cacheHeaders[format].watch, body, early });
}

/** The body of a watch whose head is out before its answer is there. */
class LateWatch implements PushBody {
  readonly #answer: Promise<Answer>;
  readonly #format: Format;
  #body: PushBody | undefined;
  #hasLeft = false;

  constructor(answer: Promise<Answer>, format: Format) {
    this.#answer = answer;
    this.#format = format;
  }

  begin(sink: Sink): void {
    void this.#answer.then(
      (answer) => this.#goOn(sink, answer),
      (error: unknown) => this.#fail(sink, error),
    );
  }

  drained(): void {
    this.#body?.drained();
  }

  left(): void {
    this.#hasLeft = true;
    this.#body?.left();
  }

  async #goOn(sink: Sink, { status, body }: Answer): Promise<void> {
    const following = followingBody(status, body);
    if (following === undefined) return await this.#writeWhole(sink, status, body);
    this.#body = following;
    if (this.#hasLeft) following.left();
    else following.begin(sink);
  }

  async #writeWhole(sink: Sink, status: number, body: AnswerBody): Promise<void> {
    const bytes = await bodyBytes(body, maxStatusBytes).catch(() => undefined);
    if (bytes !== undefined)
      sink.write(
        status === 200 ? bytes : encodeFrame(this.#format, "ERROR", withoutLineEnd(bytes)),
      );
    sink.end();
  }

  #fail(sink: Sink, error: unknown): void {
    if (error instanceof StatusError) sink.write(codecOf(this.#format).error(error.status));
    sink.end();
  }
}

/** A body that goes on under the head that is out; undefined for one that is written in one piece. */
function followingBody(status: number, body: AnswerBody): PushBody | undefined {
  if (isPushBody(body)) return body;
  // A watch that breaks off ends: its client resumes.
  return status === 200 && isStream(body) ? new StreamBody(body, "ends") : undefined;
}

function withoutLineEnd(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes;
}
