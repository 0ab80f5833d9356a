import { startProxy } from "../../src/testing/proxy-process.ts";
import { Random } from "../model/random.ts";
import { demand, type HostileKind, show, talk, Tally } from "./fuzz-kind.ts";
import { generateRequest, mutate, segmentsOf } from "./fuzz-requests.ts";
import {
  readAnswers,
  readRequests,
  unchunk,
  valueOf,
  type WireAnswer,
  type WireRequest,
} from "./fuzz-wire.ts";
import { type RawArrival, type RawUpstream, startRawUpstream } from "./raw-upstream.ts";

const connectionsPerSeed = 40;

/**
 * Random requests, right and wrong, on raw connections. What the bytes say is read by a strict reader: each answer belongs to
 * one of its requests, in order; a 2xx means that this request has arrived upstream, once and with its body, and any other
 * answer that it has not.
 */
export const heads: HostileKind = {
  name: "heads",
  open: async (options) => {
    const upstream = startRawUpstream(answerTo);
    const proxy = await startProxy({ ...options, server: upstream.url });
    return {
      run: async (seed) => {
        const random = new Random(seed);
        const tally = new Tally();
        for (let at = 0; at < connectionsPerSeed; at++)
          await runConnection(proxy.url, upstream, random, `${seed}-${at}`, tally);
        demand(proxy.exitCode() === undefined, "the process lives", () => `${proxy.exitCode()}`);
        return tally.counts;
      },
      output: () => proxy.output(),
      stop: async () => {
        await proxy.stop();
        upstream.stop();
      },
    };
  },
};

function answerTo({ method, target }: RawArrival): string {
  const body = method === "HEAD" ? "" : target;
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Arrived: ${target}\r\nContent-Length: ${target.length}\r\n\r\n${body}`;
}

async function runConnection(
  url: string,
  upstream: RawUpstream,
  random: Random,
  name: string,
  tally: Tally,
): Promise<void> {
  upstream.arrivals.length = 0;
  const sent = Array.from({ length: 1 + random.below(5) }, (_, at) =>
    generateRequest(random, `${name}-${at}`),
  );
  const wrong = random.chance(0.7) ? random.below(sent.length) : -1;
  const text = sent.map((each, at) => (at === wrong ? mutate(random, each) : each).text).join("");
  const expected = readRequests(text);
  const methodOf = (at: number) => expected.requests[at]?.method ?? "GET";
  const { length } = expected.requests;
  const due = length + (expected.rest === "bad" ? 1 : 0);
  const isEnough = (came: string) => {
    const read = readAnswers(came, methodOf, false);
    return read.rest !== "partial" && read.answers.length >= due;
  };
  const seconds = expected.rest === "partial" ? 0.2 : 8;
  const segments = segmentsOf(random, text);
  const { text: came, isClosed } = await talk(url, segments, { isEnough, seconds });
  const shown = () =>
    `sent ${show(text)} in ${segments.length} segments; came ${show(came)}${isClosed ? ", closed" : ""}; arrived ${show(upstream.arrivals.map(({ line }) => line).join())}; the bytes say ${length} requests, then ${expected.rest} ${expected.why}`;
  const read = readAnswers(came, methodOf, isClosed);
  demand(
    read.rest === "nothing",
    "answers are whole",
    () => `${read.rest} ${read.why}: ${shown()}`,
  );
  checkAnswers(expected.requests, read.answers, upstream.arrivals, shown, tally);
  const lost =
    upstream.arrivals.length - read.answers.filter(({ status }) => status === 200).length;
  demand(lost === 0, "what has arrived is answered", shown);
  if (read.answers.length < due) {
    const last = read.answers.at(-1);
    demand(isClosed && last !== undefined && saysClose(last), "each request is answered", shown);
  }
  const plain = `GET /fuzz/plain HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  const after = await talk(url, [plain], { isEnough: () => false });
  const [answer] = readAnswers(after.text, () => "GET", after.isClosed).answers;
  demand(answer?.status === 200, "a plain request is answered afterwards", shown);
}

function saysClose({ fields, version }: WireAnswer): boolean {
  const connection = valueOf(fields, "connection")?.toLowerCase();
  return connection === "close" || (version === "1.0" && connection !== "keep-alive");
}

function checkAnswers(
  requests: readonly WireRequest[],
  answers: readonly WireAnswer[],
  arrivals: readonly RawArrival[],
  what: () => string,
  tally: Tally,
): void {
  let at = 0;
  for (const [nr, { status, body, fields }] of answers.entries()) {
    const request = requests[nr];
    if (status !== 200) {
      const isStatus = request?.method === "HEAD" || isStatusBody(body, status);
      demand(isStatus && status >= 400 && status < 600, "a refusal is a Status", what);
      demand(status !== 500, "there is no 500", what);
      tally.add(request === undefined ? "no requests" : `refused with ${status}`);
      continue;
    }
    const arrival = arrivals[at++];
    demand(request !== undefined, "only what is a request is answered with a 200", what);
    demand(arrival !== undefined, "what is answered with a 200 has arrived", what);
    if (request === undefined || arrival === undefined) continue;
    const isSame = arrival.method === request.method && arrival.target === request.target;
    demand(isSame, "requests arrive as they are, in order", what);
    demand(
      bodyOf(arrival) === request.body,
      "a body arrives as it is",
      () => `${show(bodyOf(arrival))}: ${what()}`,
    );
    demand(valueOf(fields, "x-arrived") === request.target, "an answer is of its request", what);
    demand(numbersOf(arrival) === numberOf(request), "a header arrives as it is", what);
    tally.add("served");
  }
}

function isStatusBody(body: string, code: number): boolean {
  try {
    const status = JSON.parse(body);
    return status.kind === "Status" && status.code === code;
  } catch {
    return false;
  }
}

function bodyOf({ lines, body }: RawArrival): string {
  if (!lines.some((line) => /^transfer-encoding: chunked$/i.test(line))) return body;
  const read = unchunk(body, 0);
  return typeof read === "string" ? `chunks that are ${read}: ${body}` : read.text;
}

function numbersOf({ lines }: RawArrival): string {
  return lines
    .filter((line) => /^x-nr:/i.test(line))
    .map((line) => line.slice(5).replaceAll(/^[ \t]+|[ \t]+$/g, ""))
    .join(", ");
}

/** The X-Nr that upstream is to see: none where the Connection field names it. */
function numberOf({ fields }: WireRequest): string {
  const named = fields
    .filter(([name]) => name === "connection")
    .flatMap(([, value]) =>
      value
        .toLowerCase()
        .split(",")
        .map((each) => each.trim()),
    );
  if (named.includes("x-nr")) return "";
  return fields
    .filter(([name]) => name === "x-nr")
    .map(([, value]) => value)
    .join(", ");
}
