import { readFile } from "node:fs/promises";

import { call } from "../../src/testing/contract-client.ts";
import type { Apiserver } from "../../src/testing/envtest.ts";
import type { MemoryCgroup } from "./cgroup.ts";
import type { ImageRoot } from "./root.ts";
import type { ImageProcess } from "./run.ts";

let failures = 0;

/** How many checks have failed so far. */
export const failed = () => failures;

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function check(holds: boolean, what: string): void {
  if (!holds) failures++;
  say(`  ${holds ? "holds " : "FAILS "} ${what}`);
}

/** What is in the image, and that the base has what it needs. */
export function checkFiles(root: ImageRoot): void {
  say(`The final stage of the Dockerfile, on ${root.stage.image}:`);
  for (const name of [...root.files, ...root.libraries]) say(`  ${name}`);
  const version = Bun.spawnSync([
    "readelf",
    "-V",
    ...root.stage.entrypoint.map((file) => root.dir + file),
  ]);
  const needed = [...version.stdout.toString().matchAll(/GLIBC_2\.(\d+)/g)].map((m) =>
    Number(m[1]),
  );
  const newest = Math.max(0, ...needed);
  check(
    newest > 0 && newest <= 36,
    `it asks for glibc 2.${newest}; Debian 12 has 2.36, 13 has 2.41`,
  );
  if (root.hasCertificates) say("  and this machine's certificates in place of the base's");
}

/** What the kernel says of the process: it has no more rights than the image gives it. */
export async function checkProcess({ child }: ImageProcess, { stage }: ImageRoot): Promise<void> {
  const status = await readFile(`/proc/${child.pid}/status`, "utf8");
  const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(status)?.[1];
  const mounts = await readFile(`/proc/${child.pid}/mountinfo`, "utf8");
  const [, options = ""] = /^\S+ \S+ \S+ \S+ \/ (\S+) /m.exec(mounts) ?? [];
  check(field("Uid") === stage.user?.split(":")[0], `it runs as user ${field("Uid")}`);
  check(field("CapEff") === "0000000000000000", "it has no capability");
  check(field("NoNewPrivs") === "1", "it can gain no privilege");
  check(options.split(",").includes("ro"), "its root is read-only");
}

/** A list without its own resourceVersion, which stands first and is that of the moment. */
const contents = (text: string) => text.replace(/"resourceVersion":"\d+"/, "");

/** The proxy's main job, from there. */
export async function checkLists(
  { url }: ImageProcess,
  apiserver: Apiserver,
  path: string,
): Promise<void> {
  const direct = { url: apiserver.url, token: apiserver.adminToken, ca: apiserver.ca };
  const expected = contents((await call(direct, path)).text);
  const answers = [];
  for (let at = 0; at < 4; at++) answers.push(await call({ url }, path));
  const sources = answers.map(({ headers }) => headers.get("x-edge-proxy"));
  check(
    answers.every(({ text }) => contents(text) === expected),
    `a LIST of 1,000 configmaps is the apiserver's, byte for byte (${sources.join(", ")})`,
  );
  check(sources.at(-1) === "cache", "the last one is from memory");
}

/** That it never ran out of memory, and what it had. */
export async function checkMemory(cgroup: MemoryCgroup, { child }: ImageProcess): Promise<void> {
  const status = await readFile(`/proc/${child.pid}/status`, "utf8");
  const anonymous = (Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]) / 1024).toFixed(0);
  if (cgroup.kind === "none") return say(`  not shown: a memory limit (${cgroup.because})`);
  const peak = ((await cgroup.peakBytes()) / 2 ** 20).toFixed(0);
  const kills = await cgroup.kills();
  check(
    kills === 0,
    `64 MiB suffice (cgroup v${cgroup.version}): at most ${peak} MiB with file pages, now ${anonymous} MiB without`,
  );
}
