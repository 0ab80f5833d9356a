import { chmod, chown, mkdir } from "node:fs/promises";
import { join } from "node:path";

import { type ChildProcess, freePort, startChildProcess } from "../../src/testing/child-process.ts";
import type { Apiserver } from "../../src/testing/envtest.ts";
import type { ImageRoot } from "./root.ts";

export interface ImageProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** From the exec into the root to the first answer of the apiserver that came through it, asked for every 2 ms. */
  readonly firstAnswerMs: number;
}

/**
 * What a shell does before it is the image's process: $1 the root, $2 the cgroup's procs file or nothing, $3 the user.
 * The file system reads ahead by 128 KiB, Linux' default: by 8 MiB, as some machines have it, what one page fault reads drives out
 * what the last one did, and 64 MiB do not suffice.
 */
const launcher = `set -e
mount --make-rprivate /
mkdir -p "$1.mounted"
mount -o loop,ro,nosuid,nodev "$1.ext4" "$1.mounted"
device=$(findmnt -no SOURCE "$1.mounted")
losetup --direct-io=on "$device"
blockdev --setra 256 "$device"
for folder in proc sys dev; do mount --rbind "/$folder" "$1.mounted/$folder"; done
mount --bind "$1.config" "$1.mounted/config"
mount --bind "$1.cache" "$1.mounted/cache"
if [ -n "$2" ]; then echo $$ >"$2"; fi
printf %s $EPOCHREALTIME >"$1.began"
exec setpriv --no-new-privs chroot --userspec="$3" "$1.mounted" "\${@:4}"
`;

/**
 * Starts the image's entry point in its root as a node would: read-only but for /cache, unprivileged, on the machine's network,
 * in the cgroup where there is one. Needs root and a loop device. Rejects with the end of its output when it ends before it answers.
 */
export async function startInRoot(
  root: ImageRoot,
  apiserver: Apiserver,
  procsFile: string | undefined,
): Promise<ImageProcess> {
  await writeVolumes(root, apiserver);
  const [address, admin] = [`127.0.0.1:${freePort()}`, `127.0.0.1:${freePort()}`];
  const args = ["--kubeconfig", "/config/kubeconfig", "--disk-cache-path", "/cache/state"];
  const listeners = ["--bind-address", address, "--admin-address", admin];
  const child = startChildProcess(
    [
      "unshare",
      "--mount",
      "bash",
      "-c",
      launcher,
      "launcher",
      root.dir,
      procsFile ?? "",
      root.stage.user ?? "0:0",
      ...root.stage.entrypoint,
      ...args,
      ...listeners,
    ],
    {
      logFile: `${root.dir}.log`,
      env: { ...root.stage.env, PATH: process.env["PATH"], LC_ALL: "C" },
    },
  );
  const url = `http://${address}`;
  const end = Date.now() + 15_000;
  while (!(await answers(`${url}/api/v1/namespaces/default`))) {
    if (child.exitCode() === undefined && Date.now() < end) continue;
    const tail = await child.tail();
    await child.stop();
    throw new Error(`the image's process does not answer; its output ends with\n${tail}`);
  }
  const answered = performance.timeOrigin + performance.now();
  const began = Number(await Bun.file(`${root.dir}.began`).text()) * 1000;
  return { url, child, firstAnswerMs: answered - began };
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url, { proxy: false, keepalive: false }).catch(() => undefined);
  await answer?.body?.cancel();
  if (answer?.status === 200) return true;
  await Bun.sleep(2);
  return false;
}

async function writeVolumes(root: ImageRoot, { url, ca, adminToken }: Apiserver): Promise<void> {
  const [uid = 0, gid = 0] = (root.stage.user ?? "0:0").split(":").map(Number);
  const kubeconfig = join(`${root.dir}.config`, "kubeconfig");
  const authority = Buffer.from(ca).toString("base64");
  await Bun.write(
    kubeconfig,
    `apiVersion: v1
kind: Config
clusters: [{ name: it, cluster: { server: "${url}", certificate-authority-data: ${authority} } }]
users: [{ name: it, user: { token: ${adminToken} } }]
contexts: [{ name: it, context: { cluster: it, user: it } }]
current-context: it
`,
  );
  await chown(kubeconfig, uid, gid);
  await chmod(kubeconfig, 0o400);
  await mkdir(`${root.dir}.cache`, { recursive: true });
  await chown(`${root.dir}.cache`, uid, gid);
}
