import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";

import { createTemporaryFolder, waitUntil } from "../src/testing/child-process.ts";
import { type FakeApiserver, startFakeApiserver } from "../src/testing/fake-apiserver.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";
import { binary } from "./offline-fixture.ts";

let fake: FakeApiserver;
let proxy: ProxyProcess;
let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
let kubeconfig: string;

beforeEach(async () => {
  fake = await startFakeApiserver();
  folder = await createTemporaryFolder("edge-proxy-process-test-");
  kubeconfig = `${folder.dir}/kubeconfig`;
  await writeToken(fake.adminToken);
  proxy = await startProxy({ kubeconfig });
}, 20_000);

afterEach(async () => {
  await proxy?.stop();
  await fake?.stop();
  await folder?.remove();
}, 30_000);

const writeToken = (token: string) =>
  Bun.write(
    kubeconfig,
    `apiVersion: v1
kind: Config
clusters: [{ name: fake, cluster: { server: "${fake.url}" } }]
users: [{ name: user, user: { token: ${token} } }]
contexts: [{ name: fake, context: { cluster: fake, user: user } }]
current-context: fake
`,
  );

const configMaps = "/api/v1/namespaces/default/configmaps";
const ended = () => waitUntil("the process is gone", () => proxy.exitCode() !== undefined, 15);

/** curl, whose exit code tells a clean end (0) from a cut (18, 52, 56). */
function curl(path: string, headers: readonly string[] = []) {
  const lines = headers.flatMap((line) => ["-H", line]);
  return Bun.spawn(["curl", "-sN", ...lines, proxy.url + path], { stdout: "pipe" });
}

describe("SIGTERM", () => {
  test("ends watches cleanly, from a scope and forwarded, and exits 0", async () => {
    const query = "?watch=true&resourceVersion=1";
    const ours = curl(configMaps + query);
    const callers = curl(configMaps + query, [`Authorization: Bearer ${fake.adminToken}`]);
    const heads = [ours, callers].map(({ stdout }) => stdout.getReader().read());
    await Promise.all(heads);
    proxy.signal("SIGTERM");
    expect(await Promise.all([ours.exited, callers.exited])).toEqual([0, 0]);
    await ended();
    expect(proxy.exitCode()).toBe(0);
    expect(fake.watches()).toBe(0);
  }, 30_000);

  test("lets a request that is under way finish, and takes no other", async () => {
    const path = "/api/v1/namespaces/default/secrets";
    fake.faults.add({ kind: "delay", ms: 1000, path });
    const slow = curl(path);
    await waitUntil("it has arrived", () => fake.faults.arrivals({ path }).length > 0);
    proxy.signal("SIGTERM");
    await waitUntil("the listener is closed", () =>
      fetch(`${proxy.url}/version`, { keepalive: false }).then(
        () => false,
        () => true,
      ),
    );
    expect(await new Response(slow.stdout).json()).toMatchObject({ kind: "SecretList" });
    expect(await slow.exited).toBe(0);
    await ended();
    expect(proxy.exitCode()).toBe(0);
  }, 30_000);

  test("waits no longer than the grace", async () => {
    const short = await startProxy({ kubeconfig, flags: ["--shutdown-grace", "1s"] });
    fake.faults.add({ kind: "hang", path: configMaps });
    const hanging = fetch(`${short.url}${configMaps}/none`).catch(() => "cut");
    await waitUntil("it has arrived", () => fake.faults.arrivals({ path: configMaps }).length > 0);
    expect(await short.stop()).toBe(0);
    expect(await hanging).toBe("cut");
  }, 30_000);

  test("a second time exits at once", async () => {
    fake.faults.add({ kind: "hang", path: configMaps });
    const hanging = fetch(`${proxy.url}${configMaps}/none`).catch(() => "cut");
    await waitUntil("it has arrived", () => fake.faults.arrivals({ path: configMaps }).length > 0);
    proxy.signal("SIGTERM");
    await waitUntil("the listener is closed", () =>
      fetch(`${proxy.url}/version`, { keepalive: false }).then(
        () => false,
        () => true,
      ),
    );
    proxy.signal("SIGINT");
    await ended();
    expect(proxy.exitCode()).toBe(1);
    expect(await hanging).toBe("cut");
  }, 30_000);
});

describe("SIGHUP", () => {
  test("reads the credentials again", async () => {
    // Of a type that has no scope: each one goes upstream.
    const list = async () =>
      (await fetch(`${proxy.url}/apis/coordination.k8s.io/v1/leases`)).status;
    expect(await list()).toBe(200);
    await writeToken(fake.aliceToken);
    proxy.signal("SIGHUP");
    await waitUntil("the other identity is lent", async () => (await list()) === 403);
    await writeToken(fake.adminToken);
    proxy.signal("SIGHUP");
    await waitUntil("the first identity is lent", async () => (await list()) === 200);
  }, 30_000);
});

test.each([
  ["--bind-address", () => new URL(proxy.url).host],
  ["--admin-address", () => new URL(proxy.adminUrl).host],
])(
  "%s that another process listens on is exit 2, with one line that names it",
  async (flag, host) => {
    const disk = join(folder.dir, "other");
    const listeners = ["--bind-address=127.0.0.1:0", "--admin-address=off", `${flag}=${host()}`];
    const free = listeners.filter((each, at) => at === 2 || !each.startsWith(flag));
    const second = Bun.spawn(
      [binary, "--kubeconfig", kubeconfig, "--disk-cache-path", disk, ...free],
      { stdout: "pipe", stderr: "pipe" },
    );
    const [text, exitCode] = await Promise.all([second.stderr.text(), second.exited]);
    expect(exitCode).toBe(2);
    expect(text).toEndWith(
      `\nedge-proxy: ${flag}: ${host()} is in use: stop what listens there, or choose another\n`,
    );
  },
  20_000,
);

test("--bind-socket at a file that is no socket is exit 2, and the file stays", async () => {
  const file = join(folder.dir, "notes");
  await Bun.write(file, "mine");
  const flags = ["--bind-address=127.0.0.1:0", "--admin-address=off", "--bind-socket", file];
  const disk = join(folder.dir, "other");
  const child = Bun.spawn(
    [binary, "--kubeconfig", kubeconfig, "--disk-cache-path", disk, ...flags],
    { stdout: "pipe", stderr: "pipe" },
  );
  const [text, exitCode] = await Promise.all([child.stderr.text(), child.exited]);
  expect(exitCode).toBe(2);
  expect(text).toEndWith(`\nedge-proxy: --bind-socket: ${file} is there and is no socket\n`);
  expect(await Bun.file(file).text()).toBe("mine");
}, 20_000);
