// What lies in a proxy's folder, read beside it.
import { expect } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { Database } from "../src/cache/database.ts";
import { databasePath } from "../src/cache/disk-folder.ts";
import { StoreReader } from "../src/cache/store-reader.ts";
import { describeScope } from "../src/cache/watch-caches.ts";
import { jsonCodec } from "../src/codec/json-codec.ts";
import { protobufCodec } from "../src/codec/protobuf-codec.ts";
import { waitUntil } from "../src/testing/child-process.ts";
import { call } from "../src/testing/contract-client.ts";
import type { FakeApiserver } from "../src/testing/fake-apiserver.ts";
import { must, type Node, untilCached } from "./offline-fixture.ts";

/** The resourceVersion of each scope on disk, by how people call it: `configmaps in default, json`. */
export function storedVersions(folder: string): ReadonlyMap<string, number> {
  const reader = openIfThere(folder);
  if (reader === undefined) return new Map();
  try {
    return new Map(
      reader
        .scopes()
        .map(({ scope, held }) => [describeScope(scope), Number(held.state?.resourceVersion ?? 0)]),
    );
  } finally {
    reader.close();
  }
}

function openIfThere(folder: string): StoreReader | undefined {
  try {
    return StoreReader.open(folder);
  } catch {
    return undefined;
  }
}

/** Waits until each of these scopes lies on disk at this resourceVersion or a later one. */
export async function untilStored(
  folder: string,
  scopes: readonly string[],
  version: number,
): Promise<void> {
  const isThere = () => {
    const stored = storedVersions(folder);
    return scopes.every((scope) => (stored.get(scope) ?? 0) >= version);
  };
  await waitUntil(`all is on disk up to ${version}`, isThere, 10);
}

/** Waits until an answer whose key has this part lies on disk. */
export async function untilKept(folder: string, part: string): Promise<void> {
  const isThere = () => {
    const db = Database.openReader(databasePath(folder));
    try {
      const sql = "SELECT key FROM replay WHERE instr(key, ?) > 0";
      return db.get<{ key: string }>(sql, part) !== undefined;
    } finally {
      db.abandon();
    }
  };
  await waitUntil(`the answer to ${part} is on disk`, isThere, 10);
}

/** What the metrics say is wrong with the disk. */
export async function diskFaults(node: Node): Promise<readonly string[]> {
  const { text } = await call({ url: node.adminUrl }, "/metrics");
  return text.split("\n").filter((line) => line.startsWith("edge_proxy_disk_fault{"));
}

/** What the metrics say of faults of the disk since the start. */
export async function diskFaultCounts(node: Node): Promise<readonly string[]> {
  const { text } = await call({ url: node.adminUrl }, "/metrics");
  return text.split("\n").filter((line) => line.startsWith("edge_proxy_disk_faults_total{"));
}

/** Lines of the log that say that something is wrong, but for what is always said of a fake apiserver. */
export async function warnings(node: Node): Promise<readonly string[]> {
  return linesOf(await node.output()).filter((line) => line.includes(" WARN "));
}

/** Lines of output, without the same. */
export function linesOf(output: string): readonly string[] {
  return output.split("\n").filter((line) => line !== "" && !line.includes("go over http"));
}

/** Whether the log says that the disk is written again. */
export async function worksAgain(node: Node): Promise<boolean> {
  return (await node.output()).includes("the disk store works again");
}

/** What is answered is on disk too: a start without the apiserver answers the same. It runs on. */
export async function expectTheSameOffline(
  node: Node,
  path: string,
  fake: FakeApiserver,
): Promise<void> {
  const before = (await untilCached(node, path)).text;
  await node.kill();
  await fake.pause();
  try {
    await node.start();
    expect((await must(node, path)).text).toBe(before);
  } finally {
    await fake.start();
  }
}

/** Every byte of every file in the folder; read again where one takes another's place meanwhile. */
export async function bytesIn(folder: string): Promise<Buffer> {
  for (;;) {
    const names = await readdir(folder);
    const files = names.map((name) => Bun.file(join(folder, name)).bytes());
    const read = await Promise.all(files).catch(() => undefined);
    if (read !== undefined) return Buffer.concat(read);
  }
}

/** The list's own resourceVersion. */
export function listVersion(bytes: Uint8Array, form: "json" | "protobuf"): string {
  const reader = (form === "json" ? jsonCodec : protobufCodec).listReader();
  reader.push(bytes);
  return reader.finish().resourceVersion;
}
