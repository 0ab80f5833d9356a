import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort, startChildProcess } from "../src/testing/child-process.ts";
import { findBinary } from "../src/testing/proxy-process.ts";
import { ask } from "./http.ts";

export interface StartUp {
  readonly pid: number;
  /** From the start of the process to the first answer that came through it from the apiserver. */
  readonly firstAnswerMs: number;
  stop(): Promise<void>;
}

export interface StartUpOptions {
  readonly kubeconfig: string;
  readonly binary?: string | undefined;
  /** In place of the kubeconfig's. */
  readonly server?: string;
  /** A folder of its own unless told otherwise. */
  readonly diskCachePath?: string;
  /** What it is asked; the namespace `default` unless told otherwise. */
  readonly path?: string;
}

/** Starts the proxy and asks it as soon as it listens; it is asked every 2 ms. Rejects when it ends or takes 15 s. */
export async function startUp(options: StartUpOptions): Promise<StartUp> {
  const {
    kubeconfig,
    binary = findBinary(),
    server,
    path = "/api/v1/namespaces/default",
  } = options;
  if (binary === undefined) throw new Error("./edge-proxy is not there: make build");
  const dir = await mkdtemp(join(tmpdir(), "edge-proxy-start-"));
  const [address, admin] = [`127.0.0.1:${freePort()}`, `127.0.0.1:${freePort()}`];
  const listeners = ["--bind-address", address, "--admin-address", admin];
  const disk = ["--disk-cache-path", options.diskCachePath ?? dir];
  const upstream = server === undefined ? [] : ["--server-addr", server];
  const command = [binary, "--kubeconfig", kubeconfig, ...listeners, ...disk, ...upstream];
  const env = { PATH: process.env["PATH"] ?? "", HOME: dir };
  const began = performance.now();
  const child = startChildProcess(command, { logFile: join(dir, "output.log"), env });
  const stop = async () => {
    await child.stop("SIGTERM");
    await rm(dir, { recursive: true, force: true });
  };
  while (!(await answers(`http://${address}`, path))) {
    if (child.exitCode() === undefined && performance.now() - began < 15_000) {
      await Bun.sleep(2);
      continue;
    }
    const tail = await child.tail();
    await stop();
    throw new Error(`the proxy does not answer; its output ends with\n${tail}`);
  }
  return { pid: child.pid, firstAnswerMs: performance.now() - began, stop };
}

async function answers(url: string, path: string): Promise<boolean> {
  const response = await ask({ url }, path).catch(() => undefined);
  await response?.arrayBuffer();
  return response?.status === 200;
}
