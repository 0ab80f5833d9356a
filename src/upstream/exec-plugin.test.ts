import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createCertificate } from "../testing/certificate.ts";
import type { Credentials } from "./credentials.ts";
import { loadKubeconfig } from "./load-kubeconfig.ts";

const folder = mkdtempSync(join(tmpdir(), "edge-proxy-exec-"));
afterAll(() => rmSync(folder, { recursive: true }));

const apiVersion = "client.authentication.k8s.io/v1";
const pair = createCertificate();

function script(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return name;
}

function answer(status: object, version = apiVersion): string {
  return `cat <<'END'\n${JSON.stringify({ kind: "ExecCredential", apiVersion: version, status })}\nEND`;
}

async function read(exec: object, user: object = {}): Promise<Credentials> {
  const file = join(folder, "config");
  const document = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    clusters: [
      {
        name: "c",
        cluster: {
          server: "https://h:1",
          "certificate-authority-data": btoa(pair.cert),
          extensions: [{ name: "client.authentication.k8s.io/exec", extension: { audience: "a" } }],
        },
      },
    ],
    users: [{ name: "u", user: { ...user, exec: { apiVersion, ...exec } } }],
  };
  writeFileSync(file, JSON.stringify(document));
  return loadKubeconfig({ files: [file], serverAddr: undefined, plugins: "run" });
}

describe("exec plugin", () => {
  test("a token and its end; a command with a slash is seen from the kubeconfig's folder", async () => {
    script("token", answer({ token: "t0ken", expirationTimestamp: "2030-01-02T03:04:05Z" }));
    expect(await read({ command: "./token" })).toMatchObject({
      authorization: "Bearer t0ken",
      expiresAt: Date.parse("2030-01-02T03:04:05Z"),
    });
  });

  test("a certificate", async () => {
    script("cert", answer({ clientCertificateData: pair.cert, clientKeyData: pair.key }));
    expect(await read({ command: "./cert" })).toMatchObject({
      authorization: undefined,
      tls: { cert: pair.cert, key: pair.key },
    });
  });

  test("a token beside the user's own certificate", async () => {
    script("token", answer({ token: "t0ken" }));
    const own = { "client-certificate-data": btoa(pair.cert), "client-key-data": btoa(pair.key) };
    expect(await read({ command: "./token" }, own)).toMatchObject({
      authorization: "Bearer t0ken",
      tls: { cert: pair.cert },
    });
  });

  test("it gets its arguments, its environment and what is known of the cluster", async () => {
    const seen = join(folder, "seen");
    script(
      "see",
      `echo "$1 $NAME" > ${seen}; echo "$KUBERNETES_EXEC_INFO" >> ${seen}\n${answer({ token: "t" })}`,
    );
    await read({
      command: "./see",
      args: ["first"],
      env: [{ name: "NAME", value: "value" }],
      provideClusterInfo: true,
    });
    const [said, info] = (await Bun.file(seen).text()).split("\n");
    expect(said).toBe("first value");
    expect(JSON.parse(info!)).toEqual({
      kind: "ExecCredential",
      apiVersion,
      spec: {
        interactive: false,
        cluster: {
          server: "https://h:1",
          "certificate-authority-data": btoa(pair.cert),
          config: { audience: "a" },
        },
      },
    });
  });

  test.each<[string, string, object, string]>([
    [
      "not there",
      "",
      { command: "none-of-this-name", installHint: "get it" },
      "no such program; get it",
    ],
    ["no command", "", {}, "no command"],
    [
      "a person must answer",
      "",
      { command: "./x", interactiveMode: "Always" },
      "it asks for a terminal",
    ],
    [
      "it fails",
      "echo first >&2; echo 'no session' >&2; exit 3",
      { command: "./x" },
      "exit code 3: no session",
    ],
    ["no JSON", "echo hello", { command: "./x" }, "it printed no JSON"],
    [
      "another version",
      answer({ token: "t" }, "client.authentication.k8s.io/v1beta1"),
      { command: "./x" },
      `not ${apiVersion} ExecCredential`,
    ],
    ["nothing in it", answer({}), { command: "./x" }, "it gave neither a token nor a certificate"],
    [
      "an end that is no time",
      answer({ token: "t", expirationTimestamp: "soon" }),
      { command: "./x" },
      "expirationTimestamp is no time",
    ],
    [
      "a certificate without its key",
      answer({ clientCertificateData: pair.cert }),
      { command: "./x" },
      "a client key must come with it",
    ],
  ])("%s: one line that names it", async (_, text, exec, message) => {
    script("x", text);
    const error: unknown = await read(exec).catch((reason: unknown) => reason);
    const line = error instanceof Error ? error.message : "";
    expect(line).toStartWith(`${join(folder, "config")}: exec plugin`);
    expect(line).toContain(message);
    expect(line).not.toContain("\n");
  });
});
