import { join } from "node:path";

import { headersOf, type Server } from "./http.ts";
import type { LoadJob, LoadResult, LoadTarget } from "./load/job.ts";

/** The load generator's process; jobs run one after another. */
export interface LoadGenerator {
  readonly pid: number;
  /** Rejects with what went wrong over there. */
  run(job: LoadJob): Promise<LoadResult>;
  stop(): Promise<void>;
}

/** Starts it; it ends by itself when this process is gone. */
export function startLoadGenerator(): LoadGenerator {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "load/main.ts")], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const lines = readLines(child.stdout);
  return {
    pid: child.pid,
    run: async (job) => {
      await child.stdin.write(`${JSON.stringify(job)}\n`);
      await child.stdin.flush();
      const { value } = await lines.next();
      if (value === undefined) throw new Error("the load generator ended");
      const result: LoadResult | { readonly error: string } = JSON.parse(value);
      if ("error" in result) throw new Error(`the load generator: ${result.error}`);
      return result;
    },
    stop: async () => {
      child.kill();
      await child.exited;
    },
  };
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  return undefined;
}

/** How the load generator reaches a server. */
export function loadTarget(server: Server, accept?: string, takes?: "gzip"): LoadTarget {
  const { hostname, port } = new URL(server.url);
  const encoding = takes === undefined ? [] : [`Accept-Encoding: ${takes}`];
  const headers = [...headersOf(server, accept), ...encoding];
  const target = { hostname, port: Number(port), headers };
  return server.ca === undefined ? target : { ...target, ca: server.ca };
}
