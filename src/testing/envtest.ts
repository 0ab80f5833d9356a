import { generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type ChildProcess, freePort, startChildProcess, waitUntil } from "./child-process.ts";

const setup = join(import.meta.dir, "../../../shared/envtest/setup");

/**
 * The folder with `etcd`, `kube-apiserver`, `kubectl` (the convention of kubernetes-sigs envtest): what KUBEBUILDER_ASSETS
 * names, else what `../shared/envtest/setup` beside the repository unpacks; undefined where there is neither.
 * A version (`1.33`) asks for another apiserver than the newest; KUBEBUILDER_ASSETS cannot have it.
 */
export function findAssets(version?: string): string | undefined {
  const named = process.env["KUBEBUILDER_ASSETS"];
  if (named !== undefined && named !== "" && version === undefined) {
    return existsSync(join(named, "kube-apiserver")) ? named : undefined;
  }
  if (!existsSync(setup)) return undefined;
  const run = Bun.spawnSync([setup, ...(version === undefined ? [] : [version])], {
    stdin: "ignore",
    stderr: "ignore",
  });
  return run.exitCode === 0 ? run.stdout.toString().trim() : undefined;
}

export interface ApiserverOptions {
  readonly assets: string;
  /** Further flags of kube-apiserver. */
  readonly flags?: readonly string[];
  readonly etcdFlags?: readonly string[];
  /** An apiserver whose etcd and service account key this one shares: two servers of one cluster. */
  readonly beside?: Apiserver;
}

/** A kube-apiserver with an etcd of its own, on free ports of 127.0.0.1, in a folder that `stop` removes. */
export interface Apiserver {
  readonly url: string;
  readonly port: number;
  readonly caFile: string;
  readonly ca: string;
  readonly adminToken: string;
  readonly aliceToken: string;
  /** The path of a kubeconfig for the admin. */
  readonly kubeconfig: string;
  readonly assets: string;
  /** As kube-apiserver says it: `v1.37.2`. */
  readonly version: string;
  /** Certificates, data and logs: `apiserver.log`, `etcd.log`, `etcd/`. */
  readonly dir: string;
  readonly etcdUrl: string;
  /** SIGSTOP: the server accepts connections and never answers. */
  pause(): void;
  resume(): void;
  /** SIGKILL of the apiserver alone; etcd goes on. */
  kill(): Promise<void>;
  /** Starts the killed apiserver again, on the same port and data, and waits until it is ready. */
  start(): Promise<void>;
  pauseEtcd(): void;
  resumeEtcd(): void;
  stopEtcd(): Promise<void>;
  startEtcd(): void;
  /** Ends both and removes the folder. */
  stop(): Promise<void>;
}

const adminToken = "admin-token";
const aliceToken = "alice-token";

/** Starts a kube-apiserver (about 4 s) and waits for /readyz and namespace `default`. Rejects with the end of its log. */
export async function startApiserver(options: ApiserverOptions): Promise<Apiserver> {
  const dir = await mkdtemp(join(tmpdir(), "edge-proxy-envtest-"));
  const removeOnExit = removeWhenGone(dir);
  const etcd = options.beside === undefined ? etcdRunner(options, dir) : undefined;
  const etcdUrl = etcd?.url ?? options.beside?.etcdUrl ?? "";
  try {
    await prepare(dir, options.beside);
    etcd?.start();
    const port = freePort();
    const server = apiserverRunner(options, dir, etcdUrl, port);
    await server.start();
    const ca = await Bun.file(join(dir, "certs/apiserver.crt")).text();
    const url = `https://127.0.0.1:${port}`;
    const kubeconfig = join(dir, "kubeconfig");
    await Bun.write(kubeconfig, kubeconfigText(url, join(dir, "certs/apiserver.crt")));
    return {
      url,
      port,
      caFile: join(dir, "certs/apiserver.crt"),
      ca,
      adminToken,
      aliceToken,
      kubeconfig,
      assets: options.assets,
      version: versionOf(options.assets),
      dir,
      etcdUrl,
      pause: () => server.signal("SIGSTOP"),
      resume: () => server.signal("SIGCONT"),
      kill: server.kill,
      start: server.start,
      pauseEtcd: () => etcd?.signal("SIGSTOP"),
      resumeEtcd: () => etcd?.signal("SIGCONT"),
      stopEtcd: async () => etcd?.kill(),
      startEtcd: () => etcd?.start(),
      stop: async () => {
        await server.kill();
        await etcd?.kill();
        await removeOnExit();
      },
    };
  } catch (error) {
    await etcd?.kill();
    await removeOnExit();
    throw error;
  }
}

/** The version that the binary prints: `v1.37.2`. */
export function versionOf(assets: string): string {
  const run = Bun.spawnSync([join(assets, "kube-apiserver"), "--version"], { stdin: "ignore" });
  return run.stdout.toString().trim().replace("Kubernetes ", "");
}

/** A folder that goes away with this process, also when it is killed; the result removes it at once. */
function removeWhenGone(dir: string): () => Promise<void> {
  const sentinel = Bun.spawn(["sh", "-c", 'cat >/dev/null; sleep 0.2; rm -rf "$0"', dir], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
    detached: true,
  });
  return async () => {
    sentinel.kill("SIGKILL");
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  };
}

async function prepare(dir: string, beside: Apiserver | undefined): Promise<void> {
  await mkdir(join(dir, "certs"));
  const tokens = `${adminToken},admin,admin,system:masters\n${aliceToken},alice,alice-uid,"devs"\n`;
  await Bun.write(join(dir, "tokens.csv"), tokens);
  const key =
    beside === undefined ? privateKey() : await Bun.file(join(beside.dir, "sa.key")).text();
  await Bun.write(join(dir, "sa.key"), key);
}

function privateKey(): string {
  const { privateKey: key } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return key.export({ type: "pkcs1", format: "pem" });
}

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

function etcdRunner(options: ApiserverOptions, dir: string) {
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

function apiserverRunner(options: ApiserverOptions, dir: string, etcdUrl: string, port: number) {
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
      headers: { Authorization: `Bearer ${adminToken}` },
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

function kubeconfigText(url: string, caFile: string): string {
  return `apiVersion: v1
kind: Config
clusters: [{ name: envtest, cluster: { server: "${url}", certificate-authority: "${caFile}" } }]
users: [{ name: admin, user: { token: ${adminToken} } }]
contexts: [{ name: envtest, context: { cluster: envtest, user: admin } }]
current-context: envtest
`;
}
