import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { createTemporaryFolder, freePort, startChildProcess, waitUntil } from "./child-process.ts";

const root = join(import.meta.dir, "../..");

export interface ProxyOptions {
  /** The compiled binary; `./edge-proxy` of the repository unless told otherwise. */
  readonly binary?: string;
  readonly kubeconfig?: string;
  /** The apiserver's URL, as --server-addr has it; with a kubeconfig it replaces its server. */
  readonly server?: string;
  /** Where its disk cache lies; `cache/` in its own folder unless told otherwise. */
  readonly diskCachePath?: string;
  /** Further flags; they come last, so a repeated one wins. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The compiled proxy as a process of its own, on free ports, with an empty environment and a folder that `stop` removes. */
export interface ProxyProcess {
  readonly url: string;
  readonly adminUrl: string;
  readonly pid: number;
  /** Its folder; `cache/` in it is the disk cache. */
  readonly dir: string;
  /** What it has written so far to standard output and standard error. */
  output(): Promise<string>;
  exitCode(): number | undefined;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after 15 s; the exit code. Removes the folder. */
  stop(): Promise<number>;
}

/** Where `make build` puts the binary; undefined when it has not been built. */
export function findBinary(): string | undefined {
  const path = join(root, "edge-proxy");
  return existsSync(path) ? path : undefined;
}

/** Starts the proxy and waits until its listener accepts. Rejects with the end of its output when it ends before. */
export async function startProxy(options: ProxyOptions): Promise<ProxyProcess> {
  const { dir, remove } = await createTemporaryFolder("edge-proxy-process-");
  const logFile = join(dir, "output.log");
  const address = `127.0.0.1:${freePort()}`;
  const adminAddress = `127.0.0.1:${freePort()}`;
  const child = startChildProcess(
    [
      options.binary ?? join(root, "edge-proxy"),
      ...(options.kubeconfig === undefined ? [] : ["--kubeconfig", options.kubeconfig]),
      ...(options.server === undefined ? [] : ["--server-addr", options.server]),
      "--bind-address",
      address,
      "--admin-address",
      adminAddress,
      "--disk-cache-path",
      options.diskCachePath ?? join(dir, "cache"),
      ...(options.flags ?? []),
    ],
    { logFile, cwd: dir, env: { PATH: process.env["PATH"] ?? "", HOME: dir, ...options.env } },
  );
  const listens = async () => {
    if (child.exitCode() !== undefined) throw new Error("edge-proxy ended before it listened");
    return accepts(address);
  };
  try {
    await waitUntil("edge-proxy listens", listens, 15);
  } catch (error) {
    const tail = await child.tail();
    await child.stop();
    await remove();
    throw new Error(`${String(error)}; its output ends with\n${tail}`, { cause: error });
  }
  return {
    url: `http://${address}`,
    adminUrl: `http://${adminAddress}`,
    pid: child.pid,
    dir,
    output: () => readFile(logFile, "utf8"),
    exitCode: () => child.exitCode(),
    signal: (name) => child.signal(name),
    stop: async () => {
      const late = setTimeout(() => child.signal("SIGKILL"), 15_000);
      const code = await child.stop("SIGTERM");
      clearTimeout(late);
      await remove();
      return code;
    },
  };
}

async function accepts(address: string): Promise<boolean> {
  const [hostname = "", port = ""] = address.split(":");
  try {
    const socket = await Bun.connect({ hostname, port: Number(port), socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}
