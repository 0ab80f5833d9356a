import { type Connection, openConnection } from "./connection.ts";
import type { LoadResult, RequestJob } from "./job.ts";
import { openRawSockets } from "./libc.ts";
import { driveRawSockets } from "./raw-requests.ts";
import { createRequestSource } from "./request-source.ts";
import { Tally } from "./tally.ts";

const rawSockets = openRawSockets();

/**
 * Keeps every connection busy with one request at a time until the time is over; what is then under way is awaited and
 * counted. Rejects when a connection is lost: a measurement with holes is none.
 */
export async function runRequests(job: RequestJob): Promise<Omit<LoadResult, "cpuSeconds">> {
  const tally = new Tally();
  const until = performance.now() + job.seconds * 1000;
  if (rawSockets !== undefined && job.target.ca === undefined)
    driveRawSockets(rawSockets, job, tally, until);
  else await driveConnections(job, tally, until);
  return tally.result();
}

async function driveConnections(job: RequestJob, tally: Tally, until: number): Promise<void> {
  const nextRequest = createRequestSource(job);
  const drives = Array.from({ length: job.connections }, () =>
    driveConnection(job, tally, until, nextRequest),
  );
  await Promise.all(drives);
}

function driveConnection(
  job: RequestJob,
  tally: Tally,
  until: number,
  nextRequest: () => Uint8Array,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let connection: Connection | undefined;
  let left = job.each ?? Number.POSITIVE_INFINITY;
  let sentAt = 0;
  let isDone = false;
  const sendNext = () => {
    sentAt = performance.now();
    if (left-- > 0 && sentAt < until) return connection?.send(nextRequest());
    isDone = true;
    connection?.close();
    resolve();
  };
  const listener = {
    onEnd: (status: number, bodyBytes: number) => {
      tally.add(status, bodyBytes, sentAt);
      sendNext();
    },
    onClosed: (error: Error | undefined) => {
      if (!isDone) reject(error ?? new Error("the server closed a connection under load"));
    },
  };
  openConnection(job.target, listener).then((opened) => {
    connection = opened;
    sendNext();
  }, reject);
  return promise;
}
