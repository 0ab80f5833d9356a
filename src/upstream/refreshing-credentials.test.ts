import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { configureLog } from "../log.ts";
import { credentialsFor } from "../testing/credentials.ts";
import { CredentialError, type Credentials } from "./credentials.ts";
import { asRead, RefreshingCredentials } from "./refreshing-credentials.ts";

const pollMs = 5000;
let folder: string;
let file: string;
let lines: string[];
let reads: number;
let next: () => Promise<Credentials>;
let source: RefreshingCredentials;

function credentials(token: string, more: Partial<Credentials> = {}): Credentials {
  return credentialsFor("https://h", {
    authorization: `Bearer ${token}`,
    files: [file],
    ...more,
  });
}

function open(first: Credentials): RefreshingCredentials {
  source = new RefreshingCredentials(asRead(first), async () => {
    reads += 1;
    return next();
  });
  return source;
}

/** Lets time pass, and what it set off come to its end. */
async function pass(milliseconds: number): Promise<void> {
  jest.advanceTimersByTime(milliseconds);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000 });
  folder = mkdtempSync(join(tmpdir(), "edge-proxy-refresh-"));
  file = join(folder, "token");
  writeFileSync(file, "one");
  lines = [];
  reads = 0;
  next = async () => credentials("two");
  configureLog({ format: "text", verbosity: 0, write: (line) => lines.push(line) });
});

afterEach(() => {
  source.close();
  jest.useRealTimers();
  configureLog({ format: "text", verbosity: 0 });
  rmSync(folder, { recursive: true });
});

describe("RefreshingCredentials", () => {
  test("files that stay as they are are not read again", async () => {
    open(credentials("one"));
    await pass(20 * pollMs);
    expect(reads).toBe(0);
  });

  test("a file that is written brings a change, told once", async () => {
    const told: (string | undefined)[] = [];
    open(credentials("one")).onChange(({ authorization }) => told.push(authorization));
    writeFileSync(file, "two");
    await pass(pollMs);
    await pass(pollMs);
    expect([told, source.current().authorization, reads]).toEqual([
      ["Bearer two"],
      "Bearer two",
      1,
    ]);
  });

  test("a link that is swapped, as kubelet mounts secrets, is a change", async () => {
    rmSync(file);
    writeFileSync(join(folder, "a"), "one");
    writeFileSync(join(folder, "b"), "two");
    symlinkSync("a", join(folder, "..data"));
    symlinkSync("..data", file);
    open(credentials("one"));
    symlinkSync("b", join(folder, "..new"));
    renameSync(join(folder, "..new"), join(folder, "..data"));
    await pass(pollMs);
    expect(source.current().authorization).toBe("Bearer two");
  });

  test("a change of nothing that matters is told to nobody", async () => {
    const told: unknown[] = [];
    next = async () => credentials("one");
    open(credentials("one")).onChange((changed) => told.push(changed));
    writeFileSync(file, "one again");
    await pass(pollMs);
    expect([reads, told]).toEqual([1, []]);
  });

  test("a bad rotation keeps what was, says so once, and is tried again", async () => {
    next = async () => {
      throw new CredentialError(`${file}: empty; a token is expected`);
    };
    open(credentials("one"));
    writeFileSync(file, "");
    await pass(pollMs);
    await pass(31_000);
    expect([reads, source.current().authorization]).toEqual([2, "Bearer one"]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toEndWith(
      `WARN  credentials stay as they were: ${file}: empty; a token is expected`,
    );
    next = async () => credentials("two");
    await pass(31_000);
    expect(source.current().authorization).toBe("Bearer two");
    expect(lines[1]).toEndWith("INFO  credentials are read again from a test");
  });

  test("credentials that end are read again before that", async () => {
    const now = Date.now();
    next = async () => credentials("two", { expiresAt: now + 7_200_000 });
    open(credentials("one", { expiresAt: now + 3_600_000 }));
    await pass(3_539_000);
    expect(reads).toBe(0);
    await pass(1000);
    expect([reads, source.current().authorization]).toEqual([1, "Bearer two"]);
  });

  test("who asks at the same time shares one reading", async () => {
    open(credentials("one"));
    writeFileSync(file, "two");
    const answers = await Promise.all([source.refresh(), source.refresh(), source.refresh()]);
    expect([reads, new Set(answers).size]).toEqual([1, 1]);
  });

  test("a storm of refused requests does not read unchanged files over and over", async () => {
    next = async () => credentials("one");
    open(credentials("one"));
    for (let request = 0; request < 100; request++) await source.refresh();
    expect(reads).toBe(0);
    await pass(1000);
    for (let request = 0; request < 100; request++) await source.refresh();
    expect(reads).toBe(1);
    await pass(1000);
    await source.refresh();
    expect(reads).toBe(1);
  });

  test("a refresh that fails rejects and says so once, and what was stays", async () => {
    next = async () => {
      throw new CredentialError("x: no such file");
    };
    open(credentials("one"));
    writeFileSync(file, "");
    await expect(source.refresh()).rejects.toThrow("x: no such file");
    expect(source.current().authorization).toBe("Bearer one");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toEndWith("credentials stay as they were: x: no such file");
  });

  test("a warning that was not there before is logged", async () => {
    next = async () => credentials("two", { warnings: ["the client certificate expired"] });
    open(credentials("one"));
    writeFileSync(file, "two");
    await pass(pollMs);
    expect(lines[0]).toContain("the client certificate expired");
  });

  test("once closed, it reads and tells nothing", async () => {
    open(credentials("one", { expiresAt: Date.now() + 60_000 })).close();
    writeFileSync(file, "two");
    await pass(120_000);
    expect(reads).toBe(0);
  });
});
