import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { waitUntil } from "../src/testing/child-process.ts";
import { findAssets } from "../src/testing/envtest.ts";
import {
  readUntil,
  startKubectl,
  startStreamingCluster,
  type StreamingCluster,
} from "./upgrade-fixture.ts";

const bearer = (token: string) =>
  `base64url.bearer.authorization.k8s.io.${btoa(token).replaceAll("=", "")}`;

const assets = findAssets();
const isComplete = assets !== undefined && existsSync(join(assets, "kubelet-stub"));

if (!isComplete) {
  describe("kubectl's streaming commands", () => {
    test.skip("no kube-apiserver with kubelet-stub was found", () => {});
  });
} else {
  describe("kubectl's streaming commands", () => streamingCommands(assets));
}

function streamingCommands(binaries: string): void {
  let cluster: StreamingCluster;
  const kubectl: StreamingCluster["kubectl"] = (args, options) => cluster.kubectl(args, options);
  const start = (args: readonly string[], stdin?: string) =>
    startKubectl(binaries, cluster.proxy, cluster.dir, args, stdin === undefined ? {} : { stdin });

  beforeAll(async () => {
    cluster = await startStreamingCluster(binaries);
  }, 90_000);
  afterAll(() => cluster?.stop(), 30_000);

  test("exec has both outputs and the exit code", async () => {
    const script = "echo out; echo err >&2; exit 3";
    const { code, stdout, stderr } = await kubectl(["exec", "pod", "--", "sh", "-c", script]);
    expect(stdout).toBe("out\n");
    expect(stderr).toBe("err\ncommand terminated with exit code 3\n");
    expect(code).toBe(3);
  });

  test("exec passes standard input until its end", async () => {
    const stdin = "line\n".repeat(200_000);
    const { stdout } = await kubectl(["exec", "-i", "pod", "--", "cat"], { stdin });
    expect(stdout).toBe(stdin);
  }, 20_000);

  test("exec runs the command once", async () => {
    const script = "echo once >>count";
    expect(await kubectl(["exec", "pod", "--", "sh", "-c", script])).toMatchObject({ code: 0 });
    expect(await Bun.file(join(cluster.dir, "count")).text()).toBe("once\n");
  });

  test("exec that upstream refuses says upstream's reason", async () => {
    const noContainer = await kubectl(["exec", "pod", "-c", "none", "--", "true"]);
    expect(noContainer.stderr).toContain("container none is not valid for pod pod");
    const noPod = await kubectl(["exec", "none", "--", "true"]);
    expect(noPod.stderr).toContain('pods "none" not found');
  });

  test("exec over SPDY runs, with output and exit code, as older clients ask for it", async () => {
    const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false" };
    const script = "touch spdy; cat; echo err >&2; exit 3";
    const args = ["exec", "-i", "pod", "--", "sh", "-c", script];
    const { code, stdout, stderr } = await kubectl(args, { env, stdin: "in" });
    expect([code, stdout]).toEqual([3, "in"]);
    expect(stderr).toContain("err\n");
    expect(existsSync(join(cluster.dir, "spdy"))).toBe(true);
  });

  test.each([
    ["a pod that it may not exec into", "pod", 403, "Forbidden"],
    ["a pod that is not there, as the admin", "none", 404, "NotFound"],
  ])("a WebSocket to %s has upstream's Status", async (_, pod, status, reason) => {
    const { aliceToken, adminToken } = cluster.server;
    const token = status === 403 ? aliceToken : adminToken;
    const target = `/api/v1/namespaces/default/pods/${pod}/exec?command=true&stdout=true`;
    const response = await fetch(cluster.proxy.url + target, {
      headers: {
        authorization: `Bearer ${token}`,
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-protocol": "v5.channel.k8s.io",
      },
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ kind: "Status", reason });
  });

  test("a bearer protocol is who asks", async () => {
    const opens = (token: string) =>
      new Promise<boolean>((resolve) => {
        const query = "command=true&stdout=true";
        const socket = new WebSocket(
          `${cluster.proxy.url.replace("http", "ws")}/api/v1/namespaces/default/pods/pod/exec?${query}`,
          [bearer(token), "v4.channel.k8s.io"],
        );
        socket.addEventListener("open", () => resolve(true));
        socket.addEventListener("error", () => resolve(false));
      });
    expect(await opens(cluster.server.aliceToken)).toBe(false);
    expect(await opens(cluster.server.adminToken)).toBe(true);
  });

  test("cp carries a file both ways", async () => {
    const [from, there, back] = ["from", "there", "back"].map((name) => join(cluster.dir, name));
    await Bun.write(from!, crypto.getRandomValues(new Uint8Array(60_000)).toHex().repeat(50));
    expect(await kubectl(["cp", from!, `default/pod:${there}`])).toMatchObject({ code: 0 });
    expect(await kubectl(["cp", `default/pod:${there}`, back!])).toMatchObject({ code: 0 });
    expect(await Bun.file(back!).text()).toBe(await Bun.file(from!).text());
  }, 20_000);

  test("logs -f goes on for as long as the client reads", async () => {
    const logs = start(["logs", "-f", "pod", "--tail", "1"]);
    expect(await readUntil(logs.stdout, "line 103\n")).toStartWith("line 99\nline 100\n");
    logs.kill();
    await logs.exited;
  });

  test("attach passes standard input and what comes back", async () => {
    const attach = start(["attach", "-i", "pod"], "hello\n");
    expect(await readUntil(attach.stdout, "hello\n")).toContain("hello\n");
    attach.kill();
    await attach.exited;
  });

  test("port-forward carries connections, several at once", async () => {
    const web = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => new Response(await request.bytes()),
    });
    const forward = start(["port-forward", "pod", `:${web.port}`]);
    const said = await readUntil(forward.stdout, /127\.0\.0\.1:\d+/);
    const url = `http://${/127\.0\.0\.1:\d+/.exec(said)![0]}`;
    const bodies = ["a", "b".repeat(1_000_000), "c"];
    const answers = bodies.map(async (body) =>
      (await fetch(url, { method: "POST", body, keepalive: false })).text(),
    );
    expect(await Promise.all(answers)).toEqual(bodies);
    forward.kill();
    await forward.exited;
    await web.stop(true);
  });

  test("nothing was logged, and all is closed in the end", async () => {
    await waitUntil("no request is open", async () => {
      const metrics = await (await fetch(`${cluster.proxy.adminUrl}/metrics`)).text();
      return /^edge_proxy_requests_in_flight 0$/m.test(metrics);
    });
    expect((await cluster.proxy.output()).trim().split("\n").slice(1)).toEqual([]);
  });
}
