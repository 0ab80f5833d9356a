import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { configureLog } from "../log.ts";
import { createCertificate } from "../testing/certificate.ts";
import type { CredentialOrigin } from "./credentials.ts";
import { beginReading, CredentialError, type Credentials, openCredentials } from "./kubeconfig.ts";
import { loadKubeconfig } from "./load-kubeconfig.ts";

const folder = mkdtempSync(join(tmpdir(), "edge-proxy-kubeconfig-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
  configureLog({ format: "text", verbosity: 0 });
});
configureLog({ format: "text", verbosity: 0, write: () => undefined });

const client = createCertificate();
const other = createCertificate();
const past = createCertificate({
  notBefore: new Date("2020-01-01"),
  notAfter: new Date("2021-01-01"),
});
const authority = createCertificate();
mkdirSync(join(folder, "pki"));
const files = { ca: "pki/ca.pem", cert: "pki/client.pem", key: "pki/client.key" };
writeFileSync(join(folder, files.ca), authority.cert);
writeFileSync(join(folder, files.cert), client.cert);
writeFileSync(join(folder, files.key), client.key);
writeFileSync(join(folder, "pki/other.key"), other.key);
writeFileSync(join(folder, "token"), "from-file\n");
writeFileSync(join(folder, "empty"), "\n");
const base64 = (text: string) => Buffer.from(text).toString("base64");

interface Parts {
  readonly user?: object;
  readonly cluster?: object;
  readonly more?: object;
}

let written = 0;

function write({ user = {}, cluster = {}, more = {} }: Parts): string {
  written += 1;
  const file = join(folder, `config-${written}`);
  const document = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    contexts: [{ name: "here", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:6443", ...cluster } }],
    users: [{ name: "u", user }],
    ...more,
  };
  writeFileSync(file, Bun.YAML.stringify(document, null, 2));
  return file;
}

/** Reads in this process: one of its own for each case takes a quarter of a second when run from source. */
async function read(paths: string | readonly string[], serverAddr?: string): Promise<Credentials> {
  return loadKubeconfig({ files: [paths].flat(), serverAddr, plugins: "run" });
}

describe("loadKubeconfig", () => {
  test("a token, and an authority from a file beside the kubeconfig", async () => {
    const file = write({
      user: { token: "t0ken" },
      cluster: { "certificate-authority": files.ca },
    });
    expect(await read(file)).toEqual({
      server: "https://127.0.0.1:6443",
      tls: { ca: authority.cert, rejectUnauthorized: true },
      authorization: "Bearer t0ken",
      expiresAt: undefined,
      files: [file, join(folder, files.ca)],
      source: `kubeconfig ${file}, context here`,
      warnings: [],
    });
  });

  test.each<[string, Parts, Partial<Credentials>]>([
    [
      "a client certificate from files",
      { user: { "client-certificate": files.cert, "client-key": files.key } },
      {
        authorization: undefined,
        tls: { cert: client.cert, key: client.key, rejectUnauthorized: true },
      },
    ],
    [
      "a client certificate and an authority from data, before files",
      {
        user: {
          "client-certificate-data": base64(client.cert),
          "client-key-data": base64(client.key),
          "client-key": "none",
        },
        cluster: {
          "certificate-authority-data": base64(authority.cert),
          "certificate-authority": "none",
        },
      },
      { tls: { ca: authority.cert, cert: client.cert, key: client.key, rejectUnauthorized: true } },
    ],
    [
      "a token file, before a token",
      { user: { tokenFile: "token", token: "other" } },
      { authorization: "Bearer from-file" },
    ],
    [
      "user and password",
      { user: { username: "a", password: "b:c" } },
      { authorization: `Basic ${btoa("a:b:c")}` },
    ],
    [
      "tls-server-name",
      { cluster: { "tls-server-name": "kubernetes" } },
      { tls: { serverName: "kubernetes", rejectUnauthorized: true } },
    ],
    [
      "a server with a path and a slash at its end",
      { cluster: { server: "https://h/k8s/c-1/" } },
      { server: "https://h/k8s/c-1" },
    ],
    [
      "a server over http",
      { cluster: { server: "http://h:8080" } },
      { server: "http://h:8080", warnings: [] },
    ],
    [
      "a context without a user",
      { more: { contexts: [{ name: "here", context: { cluster: "c" } }] } },
      { authorization: undefined },
    ],
  ])("%s", async (_, parts, expected) => {
    expect(await read(write(parts))).toMatchObject(expected);
  });

  test.each<[string, Parts, string]>([
    [
      "insecure-skip-tls-verify",
      { cluster: { "insecure-skip-tls-verify": true, "certificate-authority": files.ca } },
      "insecure-skip-tls-verify",
    ],
    [
      "a token over http",
      { user: { token: "t" }, cluster: { server: "http://h" } },
      "the credentials go over http",
    ],
    [
      "a client certificate that has expired",
      {
        user: { "client-certificate-data": base64(past.cert), "client-key-data": base64(past.key) },
      },
      "expired at 2021-01-01",
    ],
    ["proxy-url", { cluster: { "proxy-url": "http://proxy" } }, "proxy-url, which has no effect"],
  ])("%s is warned about", async (_, parts, warning) => {
    const { warnings } = await read(write(parts));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(warning);
  });

  test("without verification no authority is handed on, as it would not be asked", async () => {
    const { tls } = await read(
      write({ cluster: { "insecure-skip-tls-verify": true, "certificate-authority": files.ca } }),
    );
    expect(tls).toEqual({ rejectUnauthorized: false });
  });

  test("--server-addr replaces the server, and nothing else", async () => {
    const file = write({ user: { token: "t" }, cluster: { "tls-server-name": "kubernetes" } });
    expect(await read(file, "https://tunnel:1")).toMatchObject({
      server: "https://tunnel:1",
      authorization: "Bearer t",
      tls: { serverName: "kubernetes" },
    });
  });

  test("of several files the first that says something holds", async () => {
    const first = write({ user: { token: "first" }, more: { "current-context": "" } });
    const second = write({ user: { token: "second" }, cluster: { server: "https://second" } });
    expect(await read([first, second])).toMatchObject({
      server: "https://127.0.0.1:6443",
      authorization: "Bearer first",
      files: [first, second],
    });
  });

  test.each<[string, Parts, string]>([
    [
      "no current-context",
      { more: { "current-context": "" } },
      "no current-context; set one with kubectl config use-context NAME",
    ],
    [
      "a context that is missing",
      { more: { "current-context": "there" } },
      'context "there" is not in it; there: here',
    ],
    [
      "a cluster that is missing",
      { more: { clusters: [] } },
      'cluster "c" of context "here" is not in it; there: none',
    ],
    [
      "a user that is missing",
      { more: { users: [{ name: "x", user: {} }] } },
      'user "u" of context "here" is not in it; there: x',
    ],
    [
      "a cluster without a server",
      { cluster: { server: "" } },
      "no kubeconfig: clusters[0].cluster.server is missing",
    ],
    [
      "a server that is no URL",
      { cluster: { server: "127.0.0.1:6443" } },
      'server "127.0.0.1:6443" of cluster "c" is no URL',
    ],
    [
      "a certificate without its key",
      { user: { "client-certificate": files.cert } },
      "pki/client.pem: a client key must come with it",
    ],
    [
      "a key without its certificate",
      { user: { "client-key": files.key } },
      "pki/client.key: a client certificate must come with it",
    ],
    [
      "a certificate that does not fit its key",
      { user: { "client-certificate": files.cert, "client-key": "pki/other.key" } },
      "pki/client.pem: the certificate does not fit the key in",
    ],
    [
      "a certificate that is none",
      { user: { "client-certificate": "token", "client-key": files.key } },
      "token: not readable as PEM",
    ],
    [
      "a key that is none",
      { user: { "client-certificate": files.cert, "client-key": "token" } },
      "token: not readable as PEM",
    ],
    [
      "an authority that is none",
      { cluster: { "certificate-authority-data": "anVuaw==" } },
      'certificate-authority-data of cluster "c": not readable as PEM',
    ],
    [
      "an authority's file that is missing",
      { cluster: { "certificate-authority": "none.pem" } },
      "none.pem: no such file",
    ],
    ["a token file that is missing", { user: { tokenFile: "none" } }, "none: no such file"],
    [
      "a token file that is empty",
      { user: { tokenFile: "empty" } },
      "empty: empty; a token is expected",
    ],
    [
      "a token that no header can hold",
      { user: { token: "a\nb" } },
      "the token has characters that no header can hold",
    ],
    [
      "impersonation",
      { user: { token: "t", as: "admin" } },
      'user "u" has as: impersonation is not supported',
    ],
    ["impersonated groups", { user: { token: "t", "as-groups": ["g"] } }, "has as-groups"],
  ])("%s is refused, in one line that names the file", async (_, parts, message) => {
    const file = write(parts);
    const error: unknown = await read(file).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CredentialError);
    const line = error instanceof Error ? error.message : "";
    expect(line).toContain(message);
    expect(line).toStartWith(folder);
    expect(line).not.toContain("\n");
  });

  test.each([
    ["", "no kubeconfig: no clusters, users and contexts in it"],
    ["- a\n", "no kubeconfig: no clusters, users and contexts in it"],
    ["a: [", "no kubeconfig: YAML Parse error"],
    ["users: 5\nclusters: x\n", "no current-context"],
  ])("the text %p is refused", (text, message) => {
    const file = join(folder, "text");
    writeFileSync(file, text);
    expect(read(file)).rejects.toThrow(`${file}: ${message}`);
  });
});

function open(origin: CredentialOrigin, serverAddr?: string) {
  return openCredentials(beginReading({ origin, serverAddr, plugins: "run" }), "is an error");
}

describe("openCredentials", () => {
  test("no credentials at all, and a server to reach", async () => {
    const source = await open({ from: "nowhere" }, "http://h");
    expect(source.current()).toMatchObject({
      server: "http://h",
      authorization: undefined,
      files: [],
      source: "no credentials",
    });
    source.close();
  });

  test("what the thread refuses is refused here", async () => {
    const file = write({ more: { users: [] } });
    const origin = { from: "kubeconfig", files: [file] } as const;
    const attempt = open(origin);
    expect(attempt).rejects.toEqual(
      new CredentialError(`${file}: user "u" of context "here" is not in it; there: none`),
    );
  });

  test("rotated files are read on refresh, and a bad rotation changes nothing", async () => {
    const own = { cert: join(folder, "rotated.pem"), key: join(folder, "rotated.key") };
    const put = (pair: { cert: string; key: string }) => {
      writeFileSync(own.cert, pair.cert);
      writeFileSync(own.key, pair.key);
    };
    put(client);
    const file = write({ user: { "client-certificate": own.cert, "client-key": own.key } });
    const origin = { from: "kubeconfig", files: [file] } as const;
    const source = await open(origin);
    const told: (string | undefined)[] = [];
    source.onChange(({ tls }) => told.push(tls.cert));
    put({ cert: other.cert, key: client.key });
    await source.refresh().catch((error: unknown) => told.push(String(error)));
    expect(source.current().tls.cert).toBe(client.cert);
    put(other);
    await source.refresh();
    expect(told).toEqual([
      `CredentialError: ${own.cert}: the certificate does not fit the key in ${own.key}`,
      other.cert,
    ]);
    source.close();
  });
});
