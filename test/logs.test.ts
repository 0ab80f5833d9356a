import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod } from "node:fs/promises";
import { join } from "node:path";

import { createCertificate } from "../src/testing/certificate.ts";
import { createTemporaryFolder, freePort, waitUntil } from "../src/testing/child-process.ts";
import { findBinary, type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";
import { type OddUpstream, startOddUpstream } from "./logs-upstream.ts";

/** Every secret that goes through the proxy or lies in what it reads. */
const secrets = {
  own: "own-token-6hYq0PzK",
  other: "other-token-Jc81mQwL",
  callers: "callers-token-x92LmQpd",
  basic: Buffer.from("joe:joes-password-81Kd").toString("base64"),
  password: "joes-password-81Kd",
  urlPassword: "url-password-55Tz",
  webSocket: Buffer.from("websocket-token-77Gh").toString("base64url"),
  query: "query-token-Zk40Wn",
  impersonated: "impersonated-3fVb",
  extra: "impersonated-extra-9sXe",
  body: "c2VjcmV0LWJvZHktMTIzNDU2",
  issued: "eyJhbGciOiJSUzI1NiJ9.aXNzdWVkLXRva2Vu.c2lnbmF0dXJl",
  issuedOpaque: "issued-opaque-token-10Qw",
  plugin: "plugin-token-Op57Rt",
  posted: "cG9zdGVkLXNlY3JldC1ib2R5",
} as const;

const identity = createCertificate({ commonName: "node" });
const otherIdentity = createCertificate({ commonName: "another" });
/** The lines of the PEMs between their heads, and the starts of what a kubeconfig has in base64. */
const pems = [identity.cert, identity.key, otherIdentity.key].flatMap((pem) => [
  ...pem.split("\n").filter((line) => line.length > 20 && !line.startsWith("-")),
  btoa(pem).slice(0, 60),
  btoa(pem).slice(-60),
]);

/** The secrets that a text shows, in clear, in base64 or as a URL has them. */
function leaks(text: string): readonly string[] {
  const forms = Object.entries(secrets).flatMap(([name, secret]) =>
    [secret, btoa(secret), encodeURIComponent(secret)].map((form) => [name, form] as const),
  );
  const shown = forms.filter(([, form]) => text.includes(form)).map(([name]) => name);
  return [...new Set([...shown, ...pems.filter((line) => text.includes(line))])];
}

let upstream: OddUpstream;
let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;

beforeAll(async () => {
  upstream = await startOddUpstream(secrets);
  folder = await createTemporaryFolder("edge-proxy-logs-test-");
  await Bun.write(join(folder.dir, "node.crt"), identity.cert);
  await Bun.write(join(folder.dir, "node.key"), identity.key);
});

afterAll(async () => {
  await upstream.stop();
  await folder.remove();
});

let written = 0;

async function malformed(text: string): Promise<string> {
  const file = join(folder.dir, `malformed-${written++}`);
  await Bun.write(file, text);
  return file;
}

/** A kubeconfig whose user has these fields. */
async function kubeconfig(user: string, server = upstream.url, cluster = ""): Promise<string> {
  const file = join(folder.dir, `kubeconfig-${written++}`);
  await Bun.write(file, kubeconfigText(user, server, cluster));
  return file;
}

const kubeconfigText = (user: string, server: string, cluster = "") => `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: "${server}"${cluster} } }]
users: [{ name: u, user: { ${user} } }]
contexts: [{ name: c, context: { cluster: c, user: u } }]
current-context: c
`;

async function plugin(script: string): Promise<string> {
  const file = join(folder.dir, `plugin-${written++}`);
  await Bun.write(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  const version = "client.authentication.k8s.io/v1";
  return `exec: { apiVersion: ${version}, command: "${file}", interactiveMode: Never }`;
}

/** Runs the binary to its end; what it has printed. */
async function run(...flags: readonly string[]): Promise<string> {
  const child = Bun.spawn([findBinary()!, ...flags], {
    env: { PATH: process.env["PATH"] ?? "", HOME: folder.dir },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: 10_000,
  });
  const [out, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return out + error;
}

const namespace = "/api/v1/namespaces/default";

/** Every way a secret goes through, answered and not; what the callers got. */
async function exercise(proxy: ProxyProcess): Promise<string> {
  let got = "";
  const call = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(proxy.url + path, { ...init, keepalive: false }).catch(
      () => undefined,
    );
    got += (await answer?.text().catch(() => "")) ?? "";
  };
  const bearer = { authorization: `Bearer ${secrets.callers}` };
  const tokenRequest = {
    method: "POST",
    body: JSON.stringify({
      kind: "TokenRequest",
      spec: { boundObjectRef: { name: secrets.posted } },
    }),
    headers: { "content-type": "application/json" },
  };
  for (let round = 0; round < 3; round++) await call(`${namespace}/secrets`);
  for (const path of ["/whole", "/refused", "/reset", "/cut"]) {
    const query = `${path}?access_token=${secrets.query}&token=${secrets.query}`;
    await call(query);
    await call(query, { headers: bearer });
    await call(query, { headers: { authorization: `Basic ${secrets.basic}` } });
    await call(query, {
      headers: {
        "impersonate-user": secrets.impersonated,
        "impersonate-extra-token": secrets.extra,
        "impersonate-group": "a, b",
      },
    });
    await call(query, tokenRequest);
  }
  await call(`${namespace}/serviceaccounts/a/token`, tokenRequest);
  await call(`${namespace}/broken/secrets`);
  await call("/apis/broken.example.com/v1/secrets?watch=1&resourceVersion=5");
  await call("/apis/refused.example.com/v1/secrets?watch=1&resourceVersion=5");
  await call("/apis/nostatus.example.com/v1/secrets?watch=1&resourceVersion=5");
  const protocol = `base64url.bearer.authorization.k8s.io.${secrets.webSocket}`;
  await openWebSocket(`${proxy.url}${namespace}/pods/a/exec?token=${secrets.query}`, protocol);
  return got;
}

function openWebSocket(url: string, protocol: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace("http", "ws"), [protocol, "v5.channel.k8s.io"]);
    for (const type of ["open", "error", "close"] as const)
      socket.addEventListener(type, () => {
        socket.close();
        resolve();
      });
  });
}

describe("the search for secrets", () => {
  test("finds each of them, as it is and encoded", () => {
    for (const [name, secret] of Object.entries(secrets)) {
      expect(leaks(`x ${secret} y`)).toContain(name);
      expect(leaks(`x ${btoa(secret)} y`)).toContain(name);
    }
    expect(leaks(identity.key)).not.toEqual([]);
    expect(leaks(kubeconfigText(`client-key-data: ${btoa(identity.key)}`, "x"))).not.toEqual([]);
    expect(leaks("nothing")).toEqual([]);
  });
});

const levels = Array.from({ length: 10 }, (_, verbosity) => verbosity);

describe.each([["text"], ["json"]])("what the process prints as %s", (format) => {
  test.each(levels)(
    "at --v %d holds no secret, whatever happens",
    async (verbosity) => {
      const config = await kubeconfig(`token: ${secrets.own}`);
      const flags = ["--log-format", format, "--v", String(verbosity)];
      const proxy = await startProxy({ kubeconfig: config, flags });
      try {
        expect(leaks(await exercise(proxy))).toEqual(["own", "body", "issued", "issuedOpaque"]);
        await Bun.write(config, `users: [{ name: u, user: { token: ${secrets.other} }\n\t: : x`);
        proxy.signal("SIGHUP");
        const complained = async () => (await proxy.output()).includes("stay as they were");
        await waitUntil("the broken kubeconfig is told", complained);
        await Bun.write(config, kubeconfigText(`token: ${secrets.other}`, upstream.url));
        proxy.signal("SIGHUP");
        const mended = async () => (await proxy.output()).includes("are read again from");
        await waitUntil("the mended one is told", mended);
        await upstream.down();
        await exercise(proxy);
        await upstream.up();
        const output = await proxy.output();
        expect(leaks(output)).toEqual([]);
        expect(output).toContain(`serves ${upstream.url}`);
        expect(output).toContain("not reachable");
        const lines = output.trimEnd().split("\n");
        const isEntry = (line: string) =>
          format === "json" ? line.startsWith('{"time":') : /^\d{4}-\d\d-\d\dT/.test(line);
        expect(lines.filter((line) => !isEntry(line))).toEqual([]);
      } finally {
        await proxy.stop();
      }
    },
    30_000,
  );

  test.each([[0], [9]])(
    "at --v %d of a server that is not trusted holds no certificate",
    async (v) => {
      const tls = upstream.tlsUrl;
      const user = `client-certificate-data: ${btoa(identity.cert)}, client-key-data: ${btoa(identity.key)}`;
      const flags = ["--log-format", format, "--v", String(v)];
      const proxy = await startProxy({ kubeconfig: await kubeconfig(user, tls), flags });
      try {
        await exercise(proxy);
        const output = await proxy.output();
        expect(output).toContain(`serves ${tls}`);
        expect(leaks(output)).toEqual([]);
      } finally {
        await proxy.stop();
      }
    },
    30_000,
  );
});

describe("a start that fails", () => {
  const flags = [
    ["--v", "0"],
    ["--v", "9", "--log-format", "json"],
  ];
  test.each([
    ["a kubeconfig that is a folder", () => folder.dir, "a folder, not a file"],
    ["a malformed one", () => malformed(`token: ${secrets.own}\n\t: : x`), "no kubeconfig"],
    ["one line of text", () => malformed(secrets.own), "no kubeconfig"],
    ["an alias", () => malformed(`token: *${secrets.own}`), "no kubeconfig"],
    [
      "a token file that is not there",
      () => kubeconfig(`token: ${secrets.own}, tokenFile: /none/token`),
      "/none/token",
    ],
    [
      "a key that does not fit",
      () =>
        kubeconfig(
          `client-certificate-data: ${btoa(identity.cert)}, client-key-data: ${btoa(otherIdentity.key)}`,
        ),
      "client-key-data",
    ],
    [
      "a key that is none",
      () =>
        kubeconfig(
          `client-certificate-data: ${btoa(identity.cert)}, client-key-data: ${btoa(secrets.own)}`,
        ),
      "client-key-data",
    ],
    [
      "a plugin that prints its token on standard error",
      async () =>
        kubeconfig(
          await plugin(`echo "token ${secrets.plugin}" >&2; echo ${secrets.plugin} >&2; exit 3`),
        ),
      "exit code 3",
    ],
    [
      "a plugin that prints no JSON",
      async () => kubeconfig(await plugin(`echo '{"token": ${secrets.plugin}'`)),
      "it printed no JSON",
    ],
    [
      "a plugin that prints something else",
      async () =>
        kubeconfig(await plugin(`echo '{"kind":"Other","status":{"token":"${secrets.plugin}"}}'`)),
      "not client.authentication",
    ],
  ])(
    "on %s says so, and no secret",
    async (_, file, known) => {
      for (const each of flags) {
        const address = `127.0.0.1:${freePort()}`;
        const output = await run("--kubeconfig", await file(), "--bind-address", address, ...each);
        expect(output).toContain(known);
        expect(leaks(output)).toEqual([]);
      }
    },
    30_000,
  );
});

describe("--check-config", () => {
  const data = `client-certificate-data: ${btoa(identity.cert)}, client-key-data: ${btoa(identity.key)}`;
  test.each([
    ["a token", () => kubeconfig(`token: ${secrets.own}`), "***"],
    ["a password", () => kubeconfig(`username: joe, password: ${secrets.password}`), "***"],
    ["a certificate", () => kubeconfig(data, "https://127.0.0.1:1"), "***"],
    [
      "a certificate in files",
      () => kubeconfig("client-certificate: node.crt, client-key: node.key", "https://127.0.0.1:1"),
      "node.key",
    ],
    ["a malformed kubeconfig", () => kubeconfig(`token: ${secrets.own}\n\t: : x`), "no kubeconfig"],
    [
      "a plugin, which does not run",
      async () => kubeconfig(await plugin(`echo ${secrets.plugin} >&2`)),
      "credentials:",
    ],
    [
      "a password in the server's URL",
      () => kubeconfig(`token: ${secrets.own}`, `http://joe:${secrets.urlPassword}@127.0.0.1:1`),
      "127.0.0.1:1",
    ],
  ])("with %s shows what is in effect, and no secret", async (_, file, known) => {
    const output = await run("--check-config", "--kubeconfig", await file());
    expect(output).toContain(known);
    expect(leaks(output)).toEqual([]);
  });

  test("with a password in --server-addr shows no secret", async () => {
    const server = `http://joe:${secrets.urlPassword}@127.0.0.1:1`;
    const file = await kubeconfig(`token: ${secrets.own}`);
    const output = await run("--check-config", "--kubeconfig", file, "--server-addr", server);
    expect(output).toContain("--server-addr: only scheme, host, port and path");
    expect(leaks(output)).toEqual([]);
  });
});
