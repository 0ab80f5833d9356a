// The proxy killed and started again on one folder and one port, and a link to the apiserver that can be cut.
import { mkdir, readFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";

import {
  type ChildProcess,
  createTemporaryFolder,
  freePort,
  startChildProcess,
  waitUntil,
} from "../src/testing/child-process.ts";
import { type Answer, type Call, call, type Endpoint } from "../src/testing/contract-client.ts";

export const binary = join(import.meta.dir, "../edge-proxy");

/** The way to an apiserver, as bytes. */
export interface Link {
  readonly port: number;
  /** Resets all connections; new ones are refused. */
  cut(): Promise<void>;
  /** Connections are taken again, on the same port. */
  restore(): Promise<void>;
}

/** Starts a link on 127.0.0.1. */
export async function startLink(targetPort: number): Promise<Link> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(targetPort, "127.0.0.1");
    const close = () => {
      client.resetAndDestroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", close);
      socket.on("close", () => {
        sockets.delete(socket);
        close();
      });
    }
    client.pipe(upstream);
    upstream.pipe(client);
  });
  const port = freePort();
  const restore = () =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });
  const cut = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.resetAndDestroy();
    });
  await restore();
  return { port, cut, restore };
}

export interface NodeOptions {
  /** The compiled proxy; `./edge-proxy` unless told otherwise. */
  readonly binary?: string;
  readonly kubeconfig?: string;
  readonly server?: string;
  readonly flags?: readonly string[];
  /** `default`: no --disk-cache-path is given; else it is a folder of the node's own. */
  readonly cachePath?: "default";
  /** A command before its own, to run it as another user. */
  readonly as?: readonly string[];
}

/** The compiled proxy as on a node: killed and started again, its folder and its ports stay. */
export class Node implements Endpoint {
  readonly dir: string;
  readonly cacheDir: string;
  readonly #options: NodeOptions;
  readonly #remove: () => Promise<void>;
  readonly #address = `127.0.0.1:${freePort()}`;
  readonly #adminAddress = `127.0.0.1:${freePort()}`;
  #child: ChildProcess | undefined;
  #starts = 0;

  private constructor(options: NodeOptions, dir: string, remove: () => Promise<void>) {
    this.#options = options;
    this.dir = dir;
    this.cacheDir = join(dir, "cache");
    this.#remove = remove;
  }

  /** A node on which nothing runs yet. */
  static async create(options: NodeOptions): Promise<Node> {
    const { dir, remove } = await createTemporaryFolder("edge-proxy-node-");
    return new Node(options, dir, remove);
  }

  get url(): string {
    return `http://${this.#address}`;
  }

  get adminUrl(): string {
    return `http://${this.#adminAddress}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get #logFile(): string {
    return join(this.dir, `output-${this.#starts}.log`);
  }

  /** Starts the proxy and waits until it serves. Rejects with the end of its output when it ends before. */
  async start(flags: readonly string[] = []): Promise<void> {
    this.#starts++;
    await mkdir(this.dir, { recursive: true });
    const { kubeconfig, server, cachePath, as = [] } = this.#options;
    const child = startChildProcess(
      [
        ...as,
        this.#options.binary ?? binary,
        ...(kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig]),
        ...(server === undefined ? [] : ["--server-addr", server]),
        `--bind-address=${this.#address}`,
        `--admin-address=${this.#adminAddress}`,
        ...(cachePath === "default" ? [] : [`--disk-cache-path=${this.cacheDir}`]),
        ...(this.#options.flags ?? []),
        ...flags,
      ],
      {
        logFile: this.#logFile,
        cwd: this.dir,
        env: { PATH: process.env["PATH"] ?? "", HOME: this.dir },
      },
    );
    this.#child = child;
    const serves = async () => {
      if (child.exitCode() !== undefined) throw new Error("edge-proxy ended before it served");
      return await isAlive(this.adminUrl);
    };
    await waitUntil("edge-proxy serves", serves, 15).catch(async (error: unknown) => {
      throw new Error(`${String(error)}; its output ends with\n${await child.tail()}`);
    });
  }

  /** SIGKILL, at whatever it does; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#child?.stop("SIGKILL");
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.signal(name);
  }

  /** SIGTERM; the exit code. */
  async end(): Promise<number | undefined> {
    return await this.#child?.stop("SIGTERM");
  }

  /** What it has written since its last start. */
  async output(): Promise<string> {
    return await readFile(this.#logFile, "utf8");
  }

  /** Ends it and removes the folder. */
  async stop(): Promise<void> {
    await this.kill();
    await this.#remove();
  }
}

async function isAlive(adminUrl: string): Promise<boolean> {
  const answer = await fetch(`${adminUrl}/livez`, { proxy: false }).catch(() => undefined);
  return answer?.status === 200;
}

/** `cache`, `upstream`, `stale`, `replay` or `reject`. */
export function sourceOf({ headers }: Pick<Answer, "headers">): string {
  return headers.get("x-edge-proxy") ?? "";
}

/** A call that has to succeed. */
export async function must(endpoint: Endpoint, path: string, options: Call = {}): Promise<Answer> {
  const answer = await call(endpoint, path, options);
  if (answer.status >= 300) throw new Error(`${options.method ?? "GET"} ${path}: ${answer.text}`);
  return answer;
}

/** Creates these objects, some at a time. */
export async function createAll(
  endpoint: Endpoint,
  path: string,
  bodies: readonly unknown[],
): Promise<void> {
  for (let at = 0; at < bodies.length; at += 10)
    await Promise.all(
      bodies.slice(at, at + 10).map((body) => must(endpoint, path, { method: "POST", body })),
    );
}

export async function createNamespaces(
  endpoint: Endpoint,
  namespaces: readonly string[],
): Promise<void> {
  await createAll(
    endpoint,
    "/api/v1/namespaces",
    namespaces.map((name) => ({ metadata: { name } })),
  );
}

export function configMap(name: string, app: string, value = "1") {
  return { metadata: { name, labels: { app } }, data: { value } };
}

/** Reads until the proxy answers from its scope, without an age. */
export async function untilCached(
  node: Endpoint,
  path: string,
  options: Call = {},
  seconds = 10,
): Promise<Answer> {
  let answer: Answer | undefined;
  const isCached = async () => {
    answer = await call(node, path, options);
    return answer.status === 200 && sourceOf(answer) === "cache";
  };
  await waitUntil(`${path} is answered from the cache`, isCached, seconds);
  if (answer === undefined) throw new Error("nothing was answered");
  return answer;
}

/** The path with more in its query. */
export function and(path: string, query: string): string {
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
}

/** The list as it was at this resourceVersion. */
export function exactly(path: string, resourceVersion: string): string {
  return and(path, `resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`);
}

/** A kubeconfig of one server and one token. */
export function kubeconfigText(server: string, token: string): string {
  return `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: "${server}" } }]
users: [{ name: u, user: { token: ${token} } }]
contexts: [{ name: c, context: { cluster: c, user: u } }]
current-context: c
`;
}
