import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createCertificate } from "./testing/certificate.ts";

const folder = mkdtempSync(join(tmpdir(), "edge-proxy-main-"));
afterAll(() => rmSync(folder, { recursive: true }));
const main = join(import.meta.dir, "main.ts");

/** Runs the command in a folder of the test, with an environment that names no kubeconfig. */
async function run(argv: readonly string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, main, ...argv], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", HOME: folder, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { stdout, stderr, exitCode: await child.exited };
}

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function kubeconfig(name: string, user: object, cluster: object = {}): string {
  return write(
    name,
    JSON.stringify({
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1", ...cluster } }],
      users: [{ name: "u", user }],
    }),
  );
}

const server = "--server-addr=http://127.0.0.1:1";

describe("edge-proxy", () => {
  test("--help teaches, on standard output", async () => {
    const { stdout, stderr, exitCode } = await run(["--nonsense", "--help"]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Usage: edge-proxy [flags]");
  });

  test("--version prints one line", async () => {
    expect(await run(["--version"])).toEqual({ stdout: "dev\n", stderr: "", exitCode: 0 });
  });

  test("--check-config reaches no network and ends with 0", async () => {
    const { stdout, stderr, exitCode } = await run([
      "--check-config",
      "--kubeconfig",
      kubeconfig("good", { token: "s3cr3t" }),
    ]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toContain('token: "***"');
  });

  test("a hostile working folder changes nothing", async () => {
    const hostile = join(folder, "upstream");
    mkdirSync(hostile, { recursive: true });
    writeFileSync(
      join(hostile, "credential-worker.ts"),
      'postMessage({ outcome: "refused", message: "HOSTILE" });',
    );
    write("credential-worker.ts", 'postMessage({ outcome: "refused", message: "HOSTILE" });');
    const { exitCode } = await run([
      "--check-config",
      "--kubeconfig",
      kubeconfig("good", { token: "s3cr3t" }),
    ]);
    expect(exitCode).toBe(0);
  });

  const { cert, key } = createCertificate();
  const other = createCertificate();
  write("cert.pem", cert);
  write("key.pem", key);
  write("other.pem", other.key);
  write("junk.pem", "junk");
  const misfit = kubeconfig("misfit", {
    "client-certificate": "cert.pem",
    "client-key": "other.pem",
  });
  const authority = kubeconfig("authority", {}, { "certificate-authority": "junk.pem" });
  const broken = write("broken", "clusters: [");

  test.each<[string[], string]>([
    [[server, "--scope-idel", "5m"], "--scope-idel: unknown flag; the nearest is --scope-idle"],
    [[server, "extra"], '"extra": no argument is taken, only flags (--help)'],
    [[server, "--use-kubeconfig", "maybe"], '--use-kubeconfig: "maybe" is neither true nor false'],
    [
      [server, "--bind-address"],
      "--bind-address: a value is missing; write it as --bind-address=HOST:PORT",
    ],
    [
      [server, "--bind-address=here"],
      '--bind-address: "here" is no address; write it as 127.0.0.1:10261 or [::1]:10261',
    ],
    [[server, "--scope-idle", "5x"], '--scope-idle: "5x" is no duration; write it as 5m or 1h30m'],
    [
      [server, "--watch-buffer=big"],
      '--watch-buffer: "big" is no size; write it as 64Mi, 1Gi, 500k or bytes',
    ],
    [["--server-addr=here"], '--server-addr: "here" is no URL; write it as https://host:6443'],
    [
      ["--config", write("keys.yaml", "scopeidle: 5m")],
      `${join(folder, "keys.yaml")}: scopeidle: unknown key; the nearest is scope-idle`,
    ],
    [["--kubeconfig=none"], `${join(folder, "none")}: no such file`],
    [["--kubeconfig", folder], `${folder}: a folder, not a file`],
    [["--kubeconfig", broken], `${broken}: no kubeconfig: YAML Parse error: Unexpected token`],
    [
      ["--kubeconfig", misfit],
      `${join(folder, "cert.pem")}: the certificate does not fit the key in ${join(folder, "other.pem")}`,
    ],
    [["--kubeconfig", authority], `${join(folder, "junk.pem")}: not readable as PEM`],
    [
      [],
      "--kubeconfig: no kubeconfig and no service account found; give --kubeconfig FILE, or --server-addr URL to go without",
    ],
  ])("%p ends with 2 and one line", async (argv, message) => {
    const { stdout, stderr, exitCode } = await run(["--check-config", ...argv]);
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: "",
      stderr: `edge-proxy: ${message}\n`,
      exitCode: 2,
    });
  });
});
