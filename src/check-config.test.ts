import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { checkConfig } from "./check-config.ts";
import { ConfigError, readConfig } from "./config.ts";
import { processInput } from "./config/input.ts";
import { createCertificate } from "./testing/certificate.ts";

const folder = mkdtempSync(join(tmpdir(), "edge-proxy-check-"));
afterAll(() => rmSync(folder, { recursive: true }));
const { cert, key } = createCertificate();
const kubeconfig = {
  "current-context": "c",
  contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
  clusters: [
    {
      name: "c",
      cluster: { server: "https://127.0.0.1:1", "certificate-authority-data": btoa(cert) },
    },
  ],
  users: [
    {
      name: "u",
      user: {
        token: "s3cr3t",
        "client-certificate-data": btoa(cert),
        "client-key-data": btoa(key),
      },
    },
  ],
};

function check(...argv: string[]): Promise<string> {
  return checkConfig(readConfig({ ...processInput(), argv, env: {} }));
}

describe("checkConfig", () => {
  test("it shows what is in effect, with secrets masked", async () => {
    const file = join(folder, "kubeconfig");
    writeFileSync(file, JSON.stringify(kubeconfig));
    const text = await check("--kubeconfig", file, "--scope-idle=90s", "--preload=v1/pods");
    expect(Bun.YAML.parse(text)).toMatchObject({
      "scope-idle": "90s",
      preload: ["v1/pods"],
      "bind-address": "127.0.0.1:10261",
      credentials: {
        source: `kubeconfig ${file}, context c`,
        server: "https://127.0.0.1:1",
        "verify-server": true,
        token: "***",
        "client-key": "***",
      },
    });
    for (const secret of [
      "s3cr3t",
      btoa(key).slice(0, 40),
      key.split("\n")[1]!,
      cert.split("\n")[1]!,
    ]) {
      expect(text).not.toContain(secret);
    }
  });

  test("its flags are a config file", async () => {
    const { credentials, ...flags } = Bun.YAML.parse(
      await check("--server-addr=http://h", "--preload=v1/pods", "--admin-address=off"),
    ) as Record<string, unknown>;
    const file = join(folder, "config.yaml");
    writeFileSync(file, Bun.YAML.stringify(flags));
    expect(Bun.YAML.parse(await check("--config", file))).toEqual({ ...flags, credentials });
  });

  test("no exec plugin runs", async () => {
    const file = join(folder, "exec");
    const ran = join(folder, "ran");
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "touch", args: [ran] };
    writeFileSync(file, JSON.stringify({ ...kubeconfig, users: [{ name: "u", user: { exec } }] }));
    expect(await check("--kubeconfig", file)).toContain("exec");
    expect(await Bun.file(ran).exists()).toBe(false);
  });

  test("credentials that cannot be used are a ConfigError", () => {
    expect(check("--kubeconfig", join(folder, "none"))).rejects.toBeInstanceOf(ConfigError);
  });
});
