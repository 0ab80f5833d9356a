import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";

import { createCertificate } from "../src/testing/certificate.ts";
import { createTemporaryFolder } from "../src/testing/child-process.ts";
import { type Apiserver, findAssets, startApiserver } from "../src/testing/envtest.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";
import { sendRaw } from "./forward-fixture.ts";

const assets = findAssets();
const subject = "whose identity a kube-apiserver sees";

if (assets === undefined) {
  describe(subject, () => {
    test.skip("no kube-apiserver was found", () => {});
  });
} else {
  describe(subject, () => identities(assets));
}

interface Review {
  readonly status: { readonly userInfo: { readonly username: string; readonly groups: string[] } };
}

function identities(binaries: string): void {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let server: Apiserver;
  let proxy: ProxyProcess;

  beforeAll(async () => {
    folder = await createTemporaryFolder("edge-proxy-identities-");
    const [cert, key, kubeconfig] = ["cert", "key", "kubeconfig"].map((name) =>
      join(folder.dir, name),
    );
    const made = createCertificate({ commonName: "by-certificate" });
    await Bun.write(cert!, made.cert);
    await Bun.write(key!, made.key);
    server = await startApiserver({ assets: binaries, flags: [`--client-ca-file=${cert}`] });
    await Bun.write(
      kubeconfig!,
      `apiVersion: v1
kind: Config
clusters: [{ name: real, cluster: { server: "${server.url}", certificate-authority: "${server.caFile}" } }]
users: [{ name: node, user: { client-certificate: "${cert}", client-key: "${key}" } }]
contexts: [{ name: real, context: { cluster: real, user: node } }]
current-context: real
`,
    );
    proxy = await startProxy({ kubeconfig: kubeconfig! });
  }, 90_000);

  afterAll(async () => {
    await proxy?.stop();
    await server?.stop();
    await folder?.remove();
  }, 30_000);

  /** Who upstream says that the sender of these header lines is. */
  const review = async (lines: readonly string[]) => {
    const body = '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}';
    const answer = await sendRaw(
      proxy.url,
      [
        "POST /apis/authentication.k8s.io/v1/selfsubjectreviews HTTP/1.1",
        `Host: ${new URL(proxy.url).host}`,
        "Content-Type: application/json",
        `Content-Length: ${body.length}`,
        ...lines,
      ],
      body,
    );
    const text = answer.body.toString();
    if (answer.status !== 201) return { status: answer.status, username: "", groups: [] };
    const { userInfo } = (JSON.parse(text) as Review).status;
    return { status: answer.status, ...userInfo };
  };

  test("without credentials it is the proxy's, by its client certificate", async () => {
    expect(await review([])).toMatchObject({ username: "by-certificate" });
  });

  test("with a token it is the token's, the certificate stays behind", async () => {
    const lines = [`Authorization: Bearer ${server.aliceToken}`];
    expect(await review(lines)).toMatchObject({ username: "alice" });
    expect(await review(["Authorization: Bearer wrong"])).toMatchObject({ status: 401 });
  });

  test.each([
    ["of a client without a name it is unknown", [], "unknown"],
    ["of one with a name, that name", ["User-Agent: mine/1 (x)"], "mine"],
  ])("as manager %s", async (_, lines, manager) => {
    const body = JSON.stringify({ metadata: { generateName: "of-" }, data: { k: "v" } });
    const answer = await sendRaw(
      proxy.url,
      [
        "POST /api/v1/namespaces/default/configmaps HTTP/1.1",
        `Host: ${new URL(proxy.url).host}`,
        `Authorization: Bearer ${server.adminToken}`,
        "Content-Type: application/json",
        `Content-Length: ${body.length}`,
        ...lines,
      ],
      body,
    );
    expect(JSON.parse(answer.body.toString()).metadata.managedFields[0].manager).toBe(manager);
  });

  test("impersonated, each group is one", async () => {
    const groups = ["Impersonate-Group: g1", "Impersonate-Group: g2"];
    const authorization = `Authorization: Bearer ${server.adminToken}`;
    const one = await review([authorization, "Impersonate-User: alice", ...groups]);
    expect(one.username).toBe("alice");
    expect(one.groups).toEqual(["g1", "g2", "system:authenticated"]);
  });

  test("impersonated without a token nothing is lent", async () => {
    const groups = ["Impersonate-Group: g1", "Impersonate-Group: g2"];
    for (const lines of [["Impersonate-User: alice"], ["Impersonate-User: alice", ...groups]])
      expect([401, 403]).toContain((await review(lines)).status);
  });

  test.each([
    ["without credentials", "", "by-certificate"],
    ["with a token", "alice-token", "alice"],
  ])("of an upgrade %s, it is the same", async (_, token, username) => {
    const query = "command=true&stdout=true";
    const answer = await fetch(`${proxy.url}/api/v1/namespaces/default/pods/x/exec?${query}`, {
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    expect(answer.status).toBe(403);
    expect(((await answer.json()) as { message: string }).message).toContain(`User "${username}"`);
  });

  test("kubectl --as is refused by upstream, in upstream's words", async () => {
    const as = ["--as", "alice", "--as-group", "g1", "--as-group", "g2"];
    const run = Bun.spawn(
      [
        join(binaries, "kubectl"),
        "--kubeconfig",
        "/dev/null",
        "--server",
        proxy.url,
        ...as,
        "get",
        "configmaps",
      ],
      { stdout: "pipe", stderr: "pipe", env: { HOME: folder.dir } },
    );
    expect(await new Response(run.stderr).text()).toContain("(Forbidden)");
    expect(await run.exited).toBe(1);
  });
}
