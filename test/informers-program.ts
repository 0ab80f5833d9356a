// The Go program in informers/: client-go's informers, and what they tell.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { waitUntil } from "../src/testing/child-process.ts";
import { findAssets } from "../src/testing/envtest.ts";

/** A line of the Go program in informers/. */
export interface Line {
  readonly informer: string;
  readonly what: string;
  readonly name?: string;
  readonly url?: string;
  readonly status?: number;
  readonly source?: string;
  readonly contentType?: string;
  readonly count?: number;
}

const source = join(import.meta.dir, "informers");
const binary = join(import.meta.dir, "../_output/informers/informers");
/** What it runs. */
export const informers = [
  "configmaps json",
  "configmaps protobuf",
  "pods json",
  "pods protobuf",
  "widgets dynamic",
];
export const assets = findAssets();

function go(...args: string[]) {
  return Bun.spawnSync(["go", ...args], { cwd: source, stdout: "ignore", stderr: "pipe" });
}

/** Builds the program; why it cannot be built, if so. */
async function build(): Promise<string | undefined> {
  if (assets === undefined) return "no kube-apiserver was found";
  if (Bun.which("go") === null) return "Go is not here";
  await mkdir(join(binary, ".."), { recursive: true });
  if (go("mod", "download").exitCode !== 0) return "the Go modules cannot be fetched";
  const built = go("build", "-o", binary, ".");
  if (built.exitCode !== 0) throw new Error(built.stderr.toString());
  return undefined;
}

/** Why it cannot be built; undefined when it was. */
export const missing = await build();

/** The program while it runs. */
export class Informers {
  readonly lines: Line[] = [];
  readonly #process;

  constructor(server: string, namespace: string, watchList: "true" | "false") {
    this.#process = Bun.spawn([binary, "--server", server, "--namespace", namespace], {
      env: { ...process.env, KUBE_FEATURE_WatchListClient: watchList },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });
    void this.#read();
  }

  async #read(): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.#process.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.lines.push(JSON.parse(line));
    }
  }

  /** Waits until each informer has had such a line. */
  async all(what: string, name?: string, from = 0): Promise<void> {
    const isTold = (informer: string) =>
      this.lines
        .slice(from)
        .some((line) => line.informer === informer && line.what === what && line.name === name);
    const lacking = () => informers.filter((informer) => !isTold(informer));
    await waitUntil(`${what} ${name ?? ""}`, () => lacking().length === 0, 20).catch((error) => {
      throw new Error(`${String(error)}: not by ${lacking().join(", ")}`);
    });
  }

  requests(from = 0): Line[] {
    return this.lines.slice(from).filter(({ what }) => what === "request");
  }

  async stop(): Promise<void> {
    await this.#process.stdin.end();
    await this.#process.exited;
  }
}
