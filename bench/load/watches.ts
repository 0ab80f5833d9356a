import { type Connection, encodeGet, openConnection } from "./connection.ts";
import { Histogram } from "./histogram.ts";
import type { LoadResult, OpenWatchesJob, WriteJob } from "./job.ts";

/** After the last write, how long deliveries are waited for. */
const graceMs = 3000;
const lineFeed = 10;

/** Many watches of one object, and a writer: the n-th event of each watch is the n-th write. */
export class WatchLoad {
  #open: Connection[] = [];
  #answeredAt: number[] = [];
  #latencies = new Histogram();
  #early: number[] = [];
  #bytes = 0;

  /** Opens all of them; resolves when every response head has come. */
  async open(job: OpenWatchesJob): Promise<number> {
    const request = encodeGet(job.target, job.path);
    // A listen queue is finite: some hundred at a time are no storm of retransmissions.
    for (let from = 0; from < job.watchers; from += 200) {
      const count = Math.min(200, job.watchers - from);
      await Promise.all(Array.from({ length: count }, () => this.#openOne(job, request)));
    }
    return this.#open.length;
  }

  async #openOne(job: OpenWatchesJob, request: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let events = 0;
    const connection = await openConnection(job.target, {
      onHead: (status) => {
        if (status === 200) resolve();
        else reject(new Error(`a watch was answered ${status}`));
      },
      onBody: (piece) => {
        this.#bytes += piece.length;
        for (let at = piece.indexOf(lineFeed); at !== -1; at = piece.indexOf(lineFeed, at + 1))
          this.#arrived(events++);
      },
      onClosed: (error) => reject(error ?? new Error("a watch was closed")),
    });
    this.#open.push(connection);
    connection.send(request);
    return promise;
  }

  /** An event may overtake the answer of its write: that is a delivery in no time, once the answer is there. */
  #arrived(write: number): void {
    const answeredAt = this.#answeredAt[write];
    if (answeredAt === undefined) this.#early.push(write);
    else this.#latencies.record((performance.now() - answeredAt) * 1000);
  }

  /** Patches the object at a steady rate, and waits until all watches have all events or the grace is over. */
  async write(job: WriteJob): Promise<Omit<LoadResult, "cpuSeconds">> {
    const began = performance.now();
    const writes = Math.round(job.perSecond * job.seconds);
    for (let at = 0; at < writes; at++) {
      await Bun.sleep(Math.max(0, began + (at * 1000) / job.perSecond - performance.now()));
      await patch(job, at);
      this.#answeredAt.push(performance.now());
      for (const _ of this.#early.splice(0)) this.#latencies.record(0);
    }
    const expected = writes * this.#open.length;
    const end = performance.now() + graceMs;
    while (this.#latencies.total < expected && performance.now() < end) await Bun.sleep(5);
    return {
      latencies: this.#latencies.toJSON(),
      count: this.#latencies.total,
      expected,
      bytes: this.#bytes,
      statuses: {},
      elapsedSeconds: (performance.now() - began) / 1000,
    };
  }

  close(): void {
    for (const connection of this.#open) connection.close();
    this.#open = [];
  }
}

async function patch(job: WriteJob, round: number): Promise<void> {
  const { target } = job;
  const scheme = target.ca === undefined ? "http" : "https";
  const response = await fetch(`${scheme}://${target.hostname}:${target.port}${job.path}`, {
    method: "PATCH",
    headers: Object.fromEntries(target.headers.map((line) => splitHeader(line))),
    body: JSON.stringify({ data: { text: String(round).padEnd(job.bytes, "x") } }),
    ...(target.ca === undefined ? {} : { tls: { ca: target.ca, rejectUnauthorized: true } }),
  });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`a write was answered ${response.status}`);
}

function splitHeader(line: string): readonly [string, string] {
  const at = line.indexOf(": ");
  return [line.slice(0, at), line.slice(at + 2)];
}
