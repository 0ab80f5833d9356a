import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { takeFolder } from "./cache/disk-folder.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { processInput } from "./config/input.ts";
import { configureLog } from "./log.ts";
import { openDisk } from "./open-disk.ts";
import { createTemporaryFolder } from "./testing/child-process.ts";

let temporary: Awaited<ReturnType<typeof createTemporaryFolder>>;
let folder: string;
let lines: string[];

beforeEach(async () => {
  temporary = await createTemporaryFolder("edge-proxy-open-");
  folder = join(temporary.dir, "cache");
  lines = [];
  configureLog({ format: "text", verbosity: 0, write: (line) => lines.push(line) });
});
afterEach(async () => {
  jest.useRealTimers();
  configureLog({ format: "text", verbosity: 0 });
  await temporary.remove();
});

function configured(isDiskRequired: boolean): Config {
  const argv = ["--server-addr=http://127.0.0.1:1", "--disk-cache-path", folder];
  return { ...readConfig({ ...processInput(), argv }), isDiskRequired };
}

describe("openDisk", () => {
  test("gives the store when what lies there may be used, and says nothing", async () => {
    const store = await openDisk(configured(true));
    expect(await store?.scopes()).toEqual([]);
    expect(lines).toEqual([]);
    await store?.close();
  });

  test("goes on without a disk that is not ready in time, says so once, and lets go of it", async () => {
    jest.useFakeTimers();
    const opened = openDisk(configured(true), () => new Promise(() => undefined));
    jest.advanceTimersByTime(29_999);
    expect(lines).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(await opened).toBeUndefined();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`WARN  --disk-cache-path: ${folder} was not ready within 30s`);
    expect(lines[0]).toContain("edge-proxy cache clear");
    jest.useRealTimers();
    while (!isFree()) await new Promise(setImmediate);
  });

  test("refuses a given folder that others may write to, and leaves the default one alone", async () => {
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const refusal = openDisk(configured(true));
    await expect(refusal).rejects.toThrow(ConfigError);
    await expect(refusal).rejects.toThrow(`${folder}: others may write to it`);
    expect(lines).toEqual([]);
    expect(await openDisk(configured(false))).toBeUndefined();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`others may write to it`);
    expect(lines[0]).toContain(`nothing is kept on disk remedy="run \\"chmod 700 ${folder}\\"`);
    expect(existsSync(join(folder, "cache.lock"))).toBe(false);
  });
});

function isFree(): boolean {
  try {
    takeFolder(folder)();
    return true;
  } catch {
    return false;
  }
}
