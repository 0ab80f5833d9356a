import type { LoadJob, LoadResult } from "./job.ts";
import { runRequests } from "./requests.ts";
import { WatchLoad } from "./watches.ts";

/**
 * The load generator, a process of its own: a job per line on standard input, its result (or `{"error": …}`) per line on
 * standard output. It ends when its input ends, so it never outlives who started it.
 */

const watches = new WatchLoad();
const nothing = {
  latencies: [],
  count: 0,
  expected: 0,
  bytes: 0,
  statuses: {},
  elapsedSeconds: 0,
} as const;

async function run(job: LoadJob): Promise<Omit<LoadResult, "cpuSeconds">> {
  switch (job.kind) {
    case "requests":
      return runRequests(job);
    case "open watches":
      return { ...nothing, count: await watches.open(job), expected: job.watchers };
    case "write":
      return watches.write(job);
    case "close watches":
      watches.close();
      return nothing;
  }
}

for await (const line of console) {
  const before = process.cpuUsage();
  try {
    const measured = await run(JSON.parse(line) as LoadJob);
    const { user, system } = process.cpuUsage(before);
    const result: LoadResult = { ...measured, cpuSeconds: (user + system) / 1e6 };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`);
  }
}
process.exit(0);
