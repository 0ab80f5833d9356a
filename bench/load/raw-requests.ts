import type { RequestJob } from "./job.ts";
import type { RawSockets } from "./libc.ts";
import { createRequestSource } from "./request-source.ts";
import { ResponseFramer } from "./response-framer.ts";
import type { Tally } from "./tally.ts";

/** A head and a small body come in one piece; of a large body the rest is thrown away by the kernel. */
const buffer = new Uint8Array(4096);

/** No answer for this long on any connection is the end of the measurement. */
const silenceMs = 30_000;

interface Driver {
  readonly framer: ResponseFramer;
  readonly socket: number;
  isDone: boolean;
}

/**
 * The load of `driveConnections` on plain TCP, by system calls alone: a body's bytes never leave the kernel. Blocks this
 * process until the time is over and all that was sent is answered. Throws when a connection is lost.
 */
export function driveRawSockets(
  sockets: RawSockets,
  job: RequestJob,
  tally: Tally,
  until: number,
): void {
  const drivers = new Map<number, Driver>();
  const nextRequest = createRequestSource(job);
  for (let at = 0; at < job.connections; at++) {
    const driver = openDriver(sockets, job, tally, until, nextRequest);
    drivers.set(driver.socket, driver);
  }
  while (drivers.size > 0) {
    const readable = sockets.wait(silenceMs);
    if (readable.length === 0) throw new Error("the server has been silent for 30 s");
    for (const socket of readable) {
      const driver = drivers.get(socket);
      if (driver === undefined) continue;
      takeIn(sockets, driver);
      if (!driver.isDone) continue;
      drivers.delete(socket);
      sockets.close(socket);
    }
  }
}

function openDriver(
  sockets: RawSockets,
  job: RequestJob,
  tally: Tally,
  until: number,
  nextRequest: () => Uint8Array,
): Driver {
  const socket = sockets.connect(job.target.hostname, job.target.port);
  let left = job.each ?? Number.POSITIVE_INFINITY;
  let sentAt = 0;
  const sendNext = () => {
    sentAt = performance.now();
    if (left-- > 0 && sentAt < until) sockets.send(socket, nextRequest());
    else driver.isDone = true;
  };
  const onEnd = (status: number, bodyBytes: number) => {
    tally.add(status, bodyBytes, sentAt);
    sendNext();
  };
  const driver: Driver = { framer: new ResponseFramer({ onEnd }), socket, isDone: false };
  sendNext();
  return driver;
}

/** Takes what is there: the head and its surroundings to be framed, the rest of a body unread. */
function takeIn(sockets: RawSockets, { framer, socket }: Driver): void {
  if (framer.bodyLeft === 0) {
    const got = sockets.receive(socket, buffer);
    if (got === 0) throw new Error("the server closed a connection under load");
    if (got !== undefined) framer.feed(buffer.subarray(0, got));
  }
  if (framer.bodyLeft === 0) return;
  const got = sockets.discard(socket, framer.bodyLeft);
  if (got === 0) throw new Error("the server closed a connection within a response");
  if (got !== undefined) framer.skip(got);
}
