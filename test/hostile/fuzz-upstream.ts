import { createServer, type Socket } from "node:net";
import { gunzipSync } from "node:zlib";

import { waitUntil } from "../../src/testing/child-process.ts";
import { type ProxyProcess, startProxy } from "../../src/testing/proxy-process.ts";
import { isOwnTarget } from "../forward-fixture.ts";
import { Random } from "../model/random.ts";
import { generateAnswer, type SentAnswer, staysWithSurplus } from "./fuzz-answers.ts";
import { demand, type HostileKind, show, talk, Tally } from "./fuzz-kind.ts";
import { readAnswers, readForgiving, readRequests, valueOf, type WireAnswer } from "./fuzz-wire.ts";

const requestsPerSeed = 40;

interface Planned {
  readonly random: Random;
  readonly method: string;
  readonly name: string;
  answer: SentAnswer | undefined;
}

/**
 * An upstream that answers with random bytes, right and wrong. The caller gets upstream's answer, a 502, 503 or 504 of a
 * Status, or a connection that breaks off; never a body that looks whole and is another one.
 */
export const upstreamBytes: HostileKind = {
  name: "upstream",
  open: async (options) => {
    const plans = new Map<string, Planned>();
    const upstream = await startPlanned(plans);
    const proxy = await startProxy({ ...options, server: upstream.url });
    return {
      run: async (seed) => {
        const random = new Random(seed);
        const tally = new Tally();
        for (let at = 0; at < requestsPerSeed; at++)
          await runRequest(proxy, plans, random, `s${seed}-${at}`, tally);
        plans.clear();
        await untilServed(proxy, plans);
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

async function runRequest(
  proxy: ProxyProcess,
  plans: Map<string, Planned>,
  random: Random,
  name: string,
  tally: Tally,
): Promise<void> {
  const method = random.weighted({ GET: 16, HEAD: 1, POST: 2, DELETE: 1 });
  const target = random.pick([
    `/fuzz/${name}`,
    `/apis/${name}/v1`,
    `/api/v1/namespaces/${name}/configmaps`,
    `/api/v1/namespaces/${name}/configmaps/x`,
  ]);
  const planned: Planned = {
    random: new Random(random.below(2 ** 31)),
    method,
    name,
    answer: undefined,
  };
  plans.set(target, planned);
  const lines = [
    `${method} ${target} HTTP/1.1`,
    "Host: localhost",
    ...(random.chance(0.5) ? ["Accept-Encoding: gzip"] : []),
    ...(random.chance(0.5) ? ["Authorization: Bearer x"] : []),
    ...(method === "POST" ? ["Content-Length: 2"] : []),
    "Connection: close",
  ];
  const sent = `${lines.join("\r\n")}\r\n\r\n${method === "POST" ? "{}" : ""}`;
  const came = await talk(proxy.url, [sent], { isEnough: () => false, seconds: 20 });
  const { answer } = planned;
  const what = () =>
    `asked ${show(sent)}; upstream sent ${show(answer?.text ?? "nothing", 1200)} and ${answer?.connection}; came ${show(came.text, 800)}`;
  demand(proxy.exitCode() === undefined, "the process lives", what);
  demand(came.isClosed, "an answer comes, or the connection ends", what);
  const read = readAnswers(came.text, () => method, true);
  demand(read.rest !== "bad", "what comes is HTTP/1.1", () => `${read.why}: ${what()}`);
  demand(read.answers.length <= 1, "there is one answer", what);
  const [given] = read.answers;
  tally.add(checkAnswer(given, answer, method, what));
}

/** What came of it. */
function checkAnswer(
  given: WireAnswer | undefined,
  answer: SentAnswer | undefined,
  method: string,
  what: () => string,
): string {
  if (given === undefined) {
    demand(answer?.isRight !== true, "a right answer arrives", what);
    return "broken off";
  }
  if (isOwnStatus(given, method)) {
    // What was wrong before may have made upstream look unreachable for a moment.
    demand(answer?.isRight !== true || given.status === 503, "a right answer arrives", what);
    return `${given.status} of a Status`;
  }
  if (answer === undefined) throw new Error(what());
  const readings = [
    readAnswers(answer.text, () => method, true).answers[0],
    readForgiving(answer.text, method),
  ];
  const isAsWired = readings.some(
    (reading) =>
      reading?.status === given.status &&
      (bodiesOf(reading).includes(given.body) || mayBeCut(reading, answer, given)),
  );
  // What no reader of ours reads may be read all the same, as long as all of it is there.
  const isMeant = bodiesOf(given).includes(answer.body);
  demand(isAsWired || isMeant, "a body that looks whole is whole", what);
  return answer.isRight ? "right" : "wrong and passed on";
}

/** fetch takes a reset for the end of a body that lasts until the connection is closed: whoever sends such a body says no length. */
function mayBeCut(
  { end, body }: WireAnswer,
  { connection }: SentAnswer,
  given: WireAnswer,
): boolean {
  return end === "close" && connection === "resets" && body.startsWith(given.body);
}

/** The body, and what it is without the gzip that it says to be. */
function bodiesOf({ body, fields }: WireAnswer): readonly string[] {
  if (valueOf(fields, "content-encoding") !== "gzip") return [body];
  try {
    return [body, gunzipSync(Buffer.from(body, "latin1")).toString("latin1")];
  } catch {
    return [body];
  }
}

function isOwnStatus({ status, body, fields }: WireAnswer, method: string): boolean {
  if (![502, 503, 504].includes(status)) return false;
  if (method === "HEAD") return valueOf(fields, "x-name") === undefined;
  try {
    const { kind, code } = JSON.parse(body);
    return kind === "Status" && code === status;
  } catch {
    return false;
  }
}

let served = 0;

/** Waits until a plain request is answered: what was wrong is over. */
async function untilServed(proxy: ProxyProcess, plans: Map<string, Planned>): Promise<void> {
  const isServed = async () => {
    const target = `/fuzz/after-${served++}`;
    const text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const answer: SentAnswer = { text, connection: "stays", body: "ok", isRight: true };
    plans.set(target, { random: new Random(0), method: "GET", name: "after", answer });
    const sent = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    const came = await talk(proxy.url, [sent], { isEnough: () => false });
    const [given] = readAnswers(came.text, () => "GET", came.isClosed).answers;
    return given?.status === 200 && given.body === "ok";
  };
  await waitUntil("a plain request is answered afterwards", isServed, 15);
}

/** An upstream that answers each target as it is planned, each time with the same bytes, and any other with a 404. */
async function startPlanned(plans: ReadonlyMap<string, Planned>) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = "";
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
      const read = readRequests(text);
      text = text.slice(read.end);
      for (const { target, fields } of read.requests) {
        const planned = isOwnTarget(target) ? undefined : plans.get(target);
        if (planned === undefined) {
          socket.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
          continue;
        }
        const takesGzip = valueOf(fields, "accept-encoding")?.includes("gzip") === true;
        planned.answer ??= staysWithSurplus(
          planned.random,
          generateAnswer(planned.random, { ...planned, takesGzip }),
        );
        const { answer } = planned;
        socket.write(Buffer.from(answer.text, "latin1"), () => {
          if (answer.connection === "resets") socket.resetAndDestroy();
        });
        if (answer.connection === "closes") socket.end();
        if (answer.connection !== "stays") return;
      }
    });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
