import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readKubeconfigApart, readWith } from "./credential-process.ts";
import { type ReadingProcess, startReadingProcess } from "./reading-process.ts";

const fields = {
  "current-context": "c",
  contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
  clusters: [{ name: "c", cluster: { server: "https://h:1" } }],
  users: [{ name: "u", user: { token: "t" } }],
};
const folder = mkdtempSync(join(tmpdir(), "edge-proxy-reading-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "kubeconfig");
writeFileSync(file, JSON.stringify(fields));
const request = {
  files: [file],
  serverAddr: undefined,
  plugins: "leave",
} as const;

async function read(): Promise<unknown> {
  const { server, authorization } = await readKubeconfigApart(
    request,
    new AbortController().signal,
  );
  return { server, authorization };
}

const credentials = { server: "https://h:1", authorization: "Bearer t" };

describe("readKubeconfigApart", () => {
  test("takes the process that was started before, once", async () => {
    const child = startReadingProcess();
    readWith(child);
    expect(await read()).toEqual(credentials);
    expect(child.exitCode).toBe(0);
    expect(await read()).toEqual(credentials);
  });

  test("starts another where that one has been killed", async () => {
    const child = startReadingProcess();
    readWith(child);
    child.kill("SIGKILL");
    await child.exited;
    expect(await read()).toEqual(credentials);
  });

  test("says what it was where the process ends under it", async () => {
    const child = startReadingProcess();
    readWith(child);
    const reading = read();
    child.kill("SIGTERM");
    await expect(reading).rejects.toThrow(`${file}: not read`);
  });

  test("one that is asked nothing says nothing and ends with its input", async () => {
    const child: ReadingProcess = startReadingProcess();
    await child.stdin.end();
    expect([await child.exited, await child.stdout.text()]).toEqual([0, ""]);
  });
});
