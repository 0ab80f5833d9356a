import { join } from "node:path";

import { type ChildProcess, freePort, startChildProcess, waitUntil } from "./child-process.ts";

/** Where the binaries are, and what flags they get beyond their own. */
interface BinaryOptions {
  readonly assets: string;
  readonly flags?: readonly string[];
  readonly etcdFlags?: readonly string[];
}

/** A process that can be started again. */
interface Runner {
  readonly signal: (name: NodeJS.Signals) => void;
  readonly kill: () => Promise<void>;
}

function runner(start: () => ChildProcess): Runner & { spawn(): ChildProcess } {
  let child: ChildProcess | undefined;
  return {
    spawn: () => (child = start()),
    signal: (name) => child?.signal(name),
    kill: async () => {
      await child?.stop();
      child = undefined;
    },
  };
}

/** etcd on free ports, its data in the folder. */
export function etcdRunner(options: BinaryOptions, dir: string) {
  const url = `http://127.0.0.1:${freePort()}`;
  const peer = `http://127.0.0.1:${freePort()}`;
  const flags = [
    `--data-dir=${join(dir, "etcd")}`,
    "--unsafe-no-fsync",
    "--log-level=error",
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    ...(options.etcdFlags ?? []),
  ];
  const logFile = join(dir, "etcd.log");
  const run = runner(() =>
    startChildProcess([join(options.assets, "etcd"), ...flags], { logFile }),
  );
  return { url, start: () => void run.spawn(), signal: run.signal, kill: run.kill };
}

/** kube-apiserver by the start lines that are known to work; `start` waits until it is ready. */
export function apiserverRunner(
  options: BinaryOptions,
  dir: string,
  etcdUrl: string,
  port: number,
) {
  const flags = [
    `--etcd-servers=${etcdUrl}`,
    `--secure-port=${port}`,
    "--bind-address=127.0.0.1",
    `--cert-dir=${join(dir, "certs")}`,
    `--token-auth-file=${join(dir, "tokens.csv")}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${join(dir, "sa.key")}`,
    `--service-account-signing-key-file=${join(dir, "sa.key")}`,
    "--authorization-mode=RBAC",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--allow-privileged",
    "--disable-admission-plugins=ServiceAccount",
    "--endpoint-reconciler-type=none",
    ...(options.flags ?? []),
  ];
  const logFile = join(dir, "apiserver.log");
  const run = runner(() =>
    startChildProcess([join(options.assets, "kube-apiserver"), ...flags], { logFile }),
  );
  const start = async () => {
    const child = run.spawn();
    try {
      await waitUntil("kube-apiserver is ready", () => isReady(child, dir, port), 60);
    } catch (error) {
      const tail = await child.tail();
      await run.kill();
      throw new Error(`${String(error)}; its log ends with\n${tail}`, { cause: error });
    }
  };
  return { start, signal: run.signal, kill: run.kill };
}

async function isReady(child: ChildProcess, dir: string, port: number): Promise<boolean> {
  if (child.exitCode() !== undefined) throw new Error("kube-apiserver ended before it was ready");
  const crt = Bun.file(join(dir, "certs/apiserver.crt"));
  if (!(await crt.exists())) return false;
  const ca = await crt.text();
  for (const path of ["/readyz", "/api/v1/namespaces/default"]) {
    const answer = await fetch(`https://127.0.0.1:${port}${path}`, {
      headers: { Authorization: "Bearer admin-token" },
      tls: { ca, rejectUnauthorized: true },
      proxy: false,
      keepalive: false,
      signal: AbortSignal.timeout(5000),
    }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status !== 200) return false;
  }
  return true;
}
