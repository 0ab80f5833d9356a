import { stat } from "node:fs/promises";
import { join } from "node:path";

import { createTemporaryFolder } from "../src/testing/child-process.ts";
import { call } from "../src/testing/contract-client.ts";
import { type Apiserver, findAssets, startApiserver } from "../src/testing/envtest.ts";
import { createMemoryCgroup } from "./image/cgroup.ts";
import {
  check,
  checkFiles,
  checkLists,
  checkMemory,
  checkProcess,
  failed,
  say,
} from "./image/checks.ts";
import { createImageRoot, type ImageRoot } from "./image/root.ts";
import { startInRoot } from "./image/run.ts";

/** What `make image-test` runs: the final stage of the Dockerfile, laid out and started as a node would, without docker. */

const objects = 1000;
const namespace = "image-test";
const path = `/api/v1/namespaces/${namespace}/configmaps`;
const limitBytes = 64 * 2 ** 20;
const coldStarts = 5;
/** The rest of the base, compressed as layers are: Debian's libc6, tzdata, netbase, base-files and ca-certificates. */
const baseBytes = 5.6e6;
const megabyte = 1e6;

async function fill(apiserver: Apiserver): Promise<void> {
  const target = { url: apiserver.url, token: apiserver.adminToken, ca: apiserver.ca };
  const body = { metadata: { name: namespace } };
  await call(target, "/api/v1/namespaces", { method: "POST", body });
  const names = Array.from({ length: objects }, (_, at) => `cm-${String(at).padStart(4, "0")}`);
  const write = async (name: string) => {
    const object = { metadata: { name }, data: { text: "x".repeat(180) } };
    const { status } = await call(target, path, { method: "POST", body: object });
    if (status !== 201) throw new Error(`${name} was answered ${status}`);
  };
  while (names.length > 0) await Promise.all(names.splice(0, 16).map(write));
}

async function checkWarm(root: ImageRoot, apiserver: Apiserver): Promise<void> {
  const cgroup = await createMemoryCgroup(limitBytes);
  const procsFile = cgroup.kind === "limited" ? cgroup.procsFile : undefined;
  try {
    // Whoever reads a page first is charged for it.
    await dropPageCache();
    const running = await startInRoot(root, apiserver, procsFile);
    try {
      await checkProcess(running, root);
      await checkLists(running, apiserver, path);
      await checkMemory(cgroup, running);
    } finally {
      check((await running.child.stop("SIGTERM")) === 0, "SIGTERM ends it with exit code 0");
    }
  } finally {
    if (cgroup.kind === "limited") await cgroup.remove();
  }
}

async function dropPageCache(): Promise<void> {
  Bun.spawnSync(["sync"]);
  await Bun.write("/proc/sys/vm/drop_caches", "3");
}

async function measureCold(root: ImageRoot, apiserver: Apiserver): Promise<void> {
  const taken: number[] = [];
  for (let at = 0; at < coldStarts; at++) {
    await dropPageCache();
    // What starts it is no part of the image.
    Bun.spawnSync(["unshare", "--mount", "setpriv", "--no-new-privs", "chroot", "--version"]);
    const running = await startInRoot(root, apiserver, undefined);
    taken.push(running.firstAnswerMs);
    await running.child.stop("SIGTERM");
  }
  const shown = taken.toSorted((a, b) => a - b).map((ms) => ms.toFixed(0));
  say(`  start to first answer, page cache dropped: ${shown.join(", ")} ms (bar: 200 ms)`);
}

async function measureSize(root: ImageRoot): Promise<void> {
  const files = root.stage.entrypoint.map((file) => join(root.dir, file));
  const layer = Bun.spawnSync(["tar", "-czf", "-", ...files], { env: { GZIP: "-6" } }).stdout;
  const plain = (await Promise.all(files.map((file) => stat(file)))).map(({ size }) => size);
  const sum = plain.reduce((total, size) => total + size, 0) / megabyte;
  const packed = layer.length / megabyte;
  const image = (layer.length + baseBytes) / megabyte;
  say(`  its own layer: ${sum.toFixed(1)} MB, compressed ${packed.toFixed(1)} MB`);
  say(`  with the base (estimated from Debian's packages): ${image.toFixed(1)} MB (bar: 60 MB)`);
}

const unproven = `Only docker could show, and it is not shown: that the Dockerfile builds, that the base of that name holds these libraries and
no less, the base's digest and exact size, its overlay file system, the runtime's seccomp and AppArmor profiles.`;

async function main(): Promise<number> {
  const assets = findAssets();
  const missing =
    process.getuid?.() !== 0
      ? "it needs root, for mounts and chroot"
      : assets === undefined && "no kube-apiserver was found (set KUBEBUILDER_ASSETS)";
  if (missing || assets === undefined) {
    process.stderr.write(`image-test: ${missing}\n`);
    return 2;
  }
  const { dir, remove } = await createTemporaryFolder("edge-proxy-image-");
  const apiserver = await startApiserver({ assets });
  try {
    const root = await createImageRoot(join(dir, "root"), "edge-proxy");
    checkFiles(root);
    await fill(apiserver);
    say(`\nStarted there, before kube-apiserver ${apiserver.version}:`);
    await checkWarm(root, apiserver);
    say("\nMeasured here:");
    await measureCold(root, apiserver);
    await measureSize(root);
    say(`\n${unproven}\n\n${failed() === 0 ? "All of it holds." : `${failed()} of it failed.`}`);
    return failed() === 0 ? 0 : 1;
  } finally {
    await apiserver.stop();
    await remove();
  }
}

process.exitCode = await main();
