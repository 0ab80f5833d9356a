import { generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { createTemporaryFolder, freePort } from "./child-process.ts";
import { apiserverRunner, etcdRunner } from "./envtest-processes.ts";

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
  const { dir, remove } = await createTemporaryFolder("edge-proxy-envtest-");
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
        await remove();
      },
    };
  } catch (error) {
    await etcd?.kill();
    await remove();
    throw error;
  }
}

/** The version that the binary prints: `v1.37.2`. */
export function versionOf(assets: string): string {
  const run = Bun.spawnSync([join(assets, "kube-apiserver"), "--version"], { stdin: "ignore" });
  return run.stdout.toString().trim().replace("Kubernetes ", "");
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

function kubeconfigText(url: string, caFile: string): string {
  return `apiVersion: v1
kind: Config
clusters: [{ name: envtest, cluster: { server: "${url}", certificate-authority: "${caFile}" } }]
users: [{ name: admin, user: { token: ${adminToken} } }]
contexts: [{ name: envtest, context: { cluster: envtest, user: admin } }]
current-context: envtest
`;
}
