import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { createTemporaryFolder, freePort, waitUntil } from "../src/testing/child-process.ts";
import { call } from "../src/testing/contract-client.ts";
import { type Apiserver, findAssets, startApiserver } from "../src/testing/envtest.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";

const binary = join(import.meta.dir, "../benchmark");
const assets = findAssets();

/** What of `--json` is looked at. */
interface Outcome {
  readonly case: string;
  readonly checks: readonly { readonly name: string; readonly made: number }[];
  readonly usage: { readonly cpuSeconds?: number; readonly highestRss?: number };
  readonly notes: readonly string[];
}

function run(...argv: readonly string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([binary, ...argv], {
    stdin: "ignore",
    env: {},
  });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

describe("the command line of benchmark", () => {
  test("--help teaches, and ends with 0", () => {
    expect(run("--help")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(run("--help").stdout).toContain("benchmark relay --to");
    expect(run("relay", "--help").stdout).toContain("POST /cut?seconds=N");
  });

  test.each([
    [["--benhc=func"], "--benhc: unknown flag; the nearest is --bench"],
    [["--bench=speed"], "--bench speed: it is all, func, filter, consistency, resource"],
    [["--kubeconfig=/none"], "/none: no such file"],
    [["relay"], "--to: needed; the apiserver's HOST:PORT, as 10.0.0.1:6443"],
    [["relay", "--to=x"], "--to x: HOST:PORT is needed, as 127.0.0.1:6443"],
  ])("%p is refused in one line, and ends with 2", (argv, line) => {
    expect(run(...argv)).toEqual({ exitCode: 2, stdout: "", stderr: `benchmark: ${line}\n` });
  });
});

if (assets === undefined) {
  describe("benchmark on edge-proxy", () => {
    test.skip("no kube-apiserver was found", () => {});
  });
} else {
  describe("benchmark on edge-proxy", () => {
    let apiserver: Apiserver;
    let relay: Bun.Subprocess;
    let proxy: ProxyProcess;
    let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
    let control: string;

    beforeAll(async () => {
      folder = await createTemporaryFolder("edge-proxy-benchmark-");
      apiserver = await startApiserver({ assets });
      const socket = join(folder.dir, "relay.sock");
      control = `unix:${socket}`;
      const [to, listen] = [`127.0.0.1:${apiserver.port}`, `127.0.0.1:${freePort()}`];
      relay = Bun.spawn([binary, "relay", "--to", to, "--listen", listen, "--control", control], {
        stdio: ["ignore", "ignore", "ignore"],
      });
      await waitUntil("the relay listens", () => existsSync(socket));
      const { kubeconfig } = apiserver;
      proxy = await startProxy({ kubeconfig, server: `https://${listen}` });
      await write("/api/v1/namespaces", { metadata: { name: "shared" } });
      await write(shared, { metadata: { name: "of-somebody-else", labels: { type: "filter" } } });
    }, 90_000);

    afterAll(async () => {
      await proxy?.stop();
      relay?.kill();
      await apiserver?.stop();
      await folder?.remove();
    }, 30_000);

    const shared = "/api/v1/namespaces/shared/configmaps";

    const direct = (path: string, options = {}) =>
      call({ ...apiserver, token: apiserver.adminToken }, path, options);

    const write = async (path: string, body: object) => {
      const answer = await direct(path, { method: "POST", body });
      expect(answer.status, answer.text).toBe(201);
    };

    const namesAt = async (path: string): Promise<string[]> => {
      const { items } = JSON.parse((await direct(path)).text);
      return items
        .filter(({ metadata }: Item) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }: Item) => metadata.name);
    };

    /** Namespaces and configmaps but the cluster's own; those that are being deleted do not count. */
    const left = async () => {
      const names = [
        ...(await namesAt("/api/v1/namespaces")),
        ...(await namesAt("/api/v1/configmaps")),
      ];
      return names.filter((name) => name !== "default" && !name.startsWith("kube-"));
    };

    /** `passing` or `cut`, as the relay says. */
    const link = async (): Promise<string> => {
      const unix = join(folder.dir, "relay.sock");
      const state = await fetch("http://localhost/state", { unix });
      return JSON.parse(await state.text()).link;
    };

    const start = (...argv: string[]) => {
      const where = ["--kubeconfig", apiserver.kubeconfig, "--proxy", proxy.url];
      return Bun.spawn([binary, ...where, "--relay", control, ...argv], {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
    };

    test("func, consistency and resource hold, and leave nothing", async () => {
      const [json, html] = [join(folder.dir, "report.json"), join(folder.dir, "report.html")];
      const files = ["--json", json, "--html", html];
      const child = start("--bench=func,consistency,resource", "--duration=2", ...files);
      const [out, error] = [await child.stdout.text(), await child.stderr.text()];
      expect(out, error).toEndWith("every check held\n");
      expect(await child.exited).toBe(0);
      const report: { readonly outcomes: readonly Outcome[] } = await Bun.file(json).json();
      const [func, consistency, resource] = report.outcomes;
      expect(func?.checks.map(({ name, made }) => `${made} ${name}`)).toEqual([
        "100 create: answered with what the apiserver has",
        "100 create: seen by a get right after",
        "100 get: what the apiserver answers",
        "3 list: the items that the apiserver has",
        "100 update: answered with what the apiserver has",
        "100 update: seen by a get right after",
        "100 patch: answered with what the apiserver has",
        "100 patch: seen by a get right after",
        "100 delete: answered 200",
        "100 delete: gone, as the apiserver says",
        "400 watch: the events that the apiserver sends, in its order",
        "1 watch: no event more",
      ]);
      expect(consistency?.notes).toContain("list while cut: stale");
      expect(resource?.notes).toEqual(["answers: whole objects"]);
      expect(resource?.checks[0]?.made).toBeGreaterThan(10);
      expect(resource?.usage.highestRss).toBeGreaterThan(10e6);
      expect(resource?.usage.cpuSeconds).toBeGreaterThan(0);
      expect(await Bun.file(html).text()).toContain("every check held");
      expect(await left()).toEqual(["shared", "of-somebody-else"]);
    }, 60_000);

    test("a check that does not hold is an exit code of 1, and leaves what others have", async () => {
      const child = start("--bench", "filter", "--namespace", "shared");
      const out = await child.stdout.text();
      expect(await child.exited).toBe(1);
      expect(out).toContain("the proxy has no rule that hides them; start it with --config");
      expect(await left()).toEqual(["shared", "of-somebody-else"]);
    }, 60_000);

    test("with the rules of the original filter holds, and resource is names only", async () => {
      const rules = join(import.meta.dir, "../deploy/rules/original.yaml");
      const { kubeconfig } = apiserver;
      await using servers = new AsyncDisposableStack();
      const ruled = await startProxy({ kubeconfig, flags: ["--config", rules] });
      servers.defer(async () => void (await ruled.stop()));
      const where = ["--kubeconfig", kubeconfig, "--proxy", ruled.url, "--duration=1"];
      const argv = [binary, ...where, "--bench=filter,resource"];
      const child = Bun.spawn(argv, { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
      const out = await child.stdout.text();
      expect(out).toEndWith("resource, edge-proxy: answers: names only\n\nevery check held\n");
      expect(await child.exited).toBe(0);
    }, 60_000);

    test("a case that cannot be made says what to do", async () => {
      const where = ["--kubeconfig", apiserver.kubeconfig, "--proxy", proxy.url];
      const argv = [binary, ...where, "--bench=consistency", "--relay=127.0.0.1:1"];
      const child = Bun.spawn(argv, { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
      const out = await child.stdout.text();
      expect(await child.exited).toBe(1);
      expect(out).toContain(
        'no relay answers at 127.0.0.1:1: start "benchmark relay --to APISERVER"',
      );
    }, 60_000);

    test("Ctrl-C while the link is cut makes it whole again", async () => {
      const child = start("--bench=consistency");
      await waitUntil("the link is cut", async () => (await link()) === "cut");
      child.kill("SIGINT");
      expect(await child.exited).toBe(130);
      expect(await link()).toBe("passing");
      expect(await left()).toEqual(["shared", "of-somebody-else"]);
    }, 60_000);

    test.each(["SIGINT", "SIGTERM"] as const)(
      "%s while it writes ends it, and leaves nothing",
      async (signal) => {
        const child = start("--bench", "resource", "--namespace", "shared");
        await waitUntil("it writes", async () => (await namesAt(shared)).length > 50);
        child.kill(signal);
        expect(await child.stderr.text()).toEndWith(`benchmark: ended by ${signal}\n`);
        expect(await child.exited).toBe(signal === "SIGINT" ? 130 : 143);
        expect(await left()).toEqual(["shared", "of-somebody-else"]);
      },
      60_000,
    );
  });
}

interface Item {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
}
