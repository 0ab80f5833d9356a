import { join } from "node:path";

import {
  type ChildProcess,
  createTemporaryFolder,
  freePort,
  startChildProcess,
} from "../src/testing/child-process.ts";
import { type Apiserver, startApiserver } from "../src/testing/envtest.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";

/** A kube-apiserver with a node whose kubelet is `kubelet-stub`, a running pod on it, and the proxy before it. */
export interface StreamingCluster {
  readonly server: Apiserver;
  readonly proxy: ProxyProcess;
  /** The folder that commands run in. */
  readonly dir: string;
  /** kubectl through the proxy, as the node. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult>;
  stop(): Promise<void>;
}

export interface KubectlOptions {
  readonly stdin?: string;
  readonly token?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function startStreamingCluster(assets: string): Promise<StreamingCluster> {
  const { dir, remove } = await createTemporaryFolder("edge-proxy-streaming-");
  const server = await startApiserver({ assets });
  const port = freePort();
  const kubelet: ChildProcess = startChildProcess(
    [join(assets, "kubelet-stub"), "--listen", `127.0.0.1:${port}`, "--dir", dir],
    { logFile: join(dir, "kubelet.log"), cwd: dir },
  );
  await createPod(server, port);
  const proxy = await startProxy({ kubeconfig: server.kubeconfig });
  return {
    server,
    proxy,
    dir,
    kubectl: (args, options) => runKubectl(assets, proxy, dir, args, options),
    stop: async () => {
      await proxy.stop();
      await kubelet.stop();
      await server.stop();
      await remove();
    },
  };
}

async function createPod(server: Apiserver, kubeletPort: number): Promise<void> {
  const send = async (method: string, path: string, body: unknown) => {
    const patch = "application/merge-patch+json";
    const answer = await fetch(server.url + path, {
      method,
      headers: {
        authorization: `Bearer ${server.adminToken}`,
        "content-type": method === "PATCH" ? patch : "application/json",
      },
      body: JSON.stringify(body),
      tls: { ca: server.ca },
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  };
  const containers = [{ name: "main", image: "none" }];
  await send("POST", "/api/v1/nodes", { metadata: { name: "node" } });
  await send("PATCH", "/api/v1/nodes/node/status", {
    status: {
      addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
    },
  });
  await send("POST", "/api/v1/namespaces/default/pods", {
    metadata: { name: "pod" },
    spec: { nodeName: "node", containers },
  });
  const running = { name: "main", ready: true, restartCount: 0, image: "none", imageID: "" };
  await send("PATCH", "/api/v1/namespaces/default/pods/pod/status", {
    status: {
      phase: "Running",
      containerStatuses: [{ ...running, state: { running: {} } }],
    },
  });
}

async function runKubectl(
  assets: string,
  proxy: ProxyProcess,
  cwd: string,
  args: readonly string[],
  options: KubectlOptions = {},
): Promise<KubectlResult> {
  const child = startKubectl(assets, proxy, cwd, args, options);
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** kubectl as a process that a test may end by itself. */
export function startKubectl(
  assets: string,
  proxy: ProxyProcess,
  cwd: string,
  args: readonly string[],
  { stdin, token, env }: KubectlOptions = {},
) {
  const credentials = token === undefined ? [] : ["--token", token];
  return Bun.spawn(
    [
      join(assets, "kubectl"),
      "--server",
      proxy.url,
      "--kubeconfig",
      "/dev/null",
      ...credentials,
      ...args,
    ],
    {
      cwd,
      env: { PATH: process.env["PATH"] ?? "", HOME: cwd, ...env },
      stdin: stdin === undefined ? "ignore" : new Blob([stdin]),
      stdout: "pipe",
      stderr: "pipe",
    },
  );
}

/** Waits until a stream has said this; gives what it said so far. The stream stays open: who writes to it goes on. */
export async function readUntil(
  stream: ReadableStream<Uint8Array>,
  what: string | RegExp,
): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`it ended before ${String(what)}: ${text}`);
    text += decoder.decode(value, { stream: true });
    if (typeof what === "string" ? text.includes(what) : what.test(text)) return text;
  }
}
