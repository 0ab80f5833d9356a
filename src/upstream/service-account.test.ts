import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createCertificate } from "../testing/certificate.ts";
import { beginReading, openCredentials } from "./kubeconfig.ts";
import { readServiceAccount } from "./service-account.ts";

const folder = mkdtempSync(join(tmpdir(), "edge-proxy-pod-"));
const { cert } = createCertificate();
afterAll(() => rmSync(folder, { recursive: true }));

function write(token: string, authority: string): void {
  writeFileSync(join(folder, "token"), token);
  writeFileSync(join(folder, "ca.crt"), authority);
}

describe("readServiceAccount", () => {
  test("token and authority of the pod", () => {
    write("t0ken\n", cert);
    expect(readServiceAccount(folder, "https://10.0.0.1:443")).toEqual({
      server: "https://10.0.0.1:443",
      tls: { ca: cert, rejectUnauthorized: true },
      authorization: "Bearer t0ken",
      expiresAt: undefined,
      files: [join(folder, "token"), join(folder, "ca.crt")],
      source: `service account in ${folder}`,
      warnings: [],
    });
  });

  test("a token that goes over http is warned about", () => {
    write("t0ken", cert);
    expect(readServiceAccount(folder, "http://h").warnings).toHaveLength(1);
  });

  test("an empty token and an authority without a certificate are refused", () => {
    write("\n", cert);
    expect(() => readServiceAccount(folder, "https://h")).toThrow(
      `${join(folder, "token")}: empty`,
    );
    write("t0ken", "junk");
    expect(() => readServiceAccount(folder, "https://h")).toThrow(
      `${join(folder, "ca.crt")}: no certificate`,
    );
  });

  test("a token that is rotated is read on the next refresh", async () => {
    write("one", cert);
    const source = await openCredentials(begin(), "is an error");
    write("two", cert);
    expect((await source.refresh()).authorization).toBe("Bearer two");
    source.close();
  });

  test("so is one that is rotated between the reading and the opening", async () => {
    write("one", cert);
    const reading = begin();
    await reading.credentials;
    write("two", cert);
    const source = await openCredentials(reading, "is an error");
    expect(source.current().authorization).toBe("Bearer one");
    expect((await source.refresh()).authorization).toBe("Bearer two");
    source.close();
  });
});

function begin() {
  const origin = { from: "service account", folder, server: "https://h" } as const;
  return beginReading({ origin, serverAddr: undefined, plugins: "run" });
}
