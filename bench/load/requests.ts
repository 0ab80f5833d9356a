import { type Connection, encodeGet, openConnection } from "./connection.ts";
import { Histogram } from "./histogram.ts";
import type { LoadResult, RequestJob } from "./job.ts";

/** Numbers for `{n}`: none is given twice in the life of this process. */
let nextNumber = Date.now();

interface Tally {
  readonly latencies: Histogram;
  readonly statuses: Record<string, number>;
  bytes: number;
}

/**
 * Keeps every connection busy with one request at a time until the time is over; what is then under way is awaited and counted.
 * Rejects when a connection is lost: a measurement with holes is none.
 */
export async function runRequests(job: RequestJob): Promise<Omit<LoadResult, "cpuSeconds">> {
  const tally: Tally = { latencies: new Histogram(), statuses: {}, bytes: 0 };
  const began = performance.now();
  const until = began + job.seconds * 1000;
  const opened = Array.from({ length: job.connections }, () => driveConnection(job, tally, until));
  await Promise.all(opened);
  const { latencies, statuses, bytes } = tally;
  return {
    latencies: latencies.toJSON(),
    count: latencies.total,
    expected: latencies.total,
    bytes,
    statuses,
    elapsedSeconds: (performance.now() - began) / 1000,
  };
}

function driveConnection(job: RequestJob, tally: Tally, until: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fixed = job.path.includes("{n}") ? undefined : encodeGet(job.target, job.path);
  let connection: Connection | undefined;
  let left = job.each ?? Number.POSITIVE_INFINITY;
  let sentAt = 0;
  let isDone = false;
  const sendNext = () => {
    sentAt = performance.now();
    if (left-- > 0 && sentAt < until) {
      connection?.send(
        fixed ?? encodeGet(job.target, job.path.replace("{n}", String(nextNumber++))),
      );
      return;
    }
    isDone = true;
    connection?.close();
    resolve();
  };
  const listener = {
    onEnd: (status: number, bodyBytes: number) => {
      tally.latencies.record((performance.now() - sentAt) * 1000);
      tally.statuses[status] = (tally.statuses[status] ?? 0) + 1;
      tally.bytes += bodyBytes;
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
