import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";

import { createTemporaryFolder } from "../testing/child-process.ts";
import { Database } from "./database.ts";
import { databasePath } from "./disk-folder.ts";
import { DiskOwner } from "./disk-owner.ts";
import { Disk } from "./disk.ts";

let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;

beforeEach(async () => {
  folder = await createTemporaryFolder("edge-proxy-owner-");
});
afterEach(() => folder.remove());

async function open(): Promise<{ readonly disk: Disk; readonly owner: DiskOwner }> {
  const opened = Disk.open(join(folder.dir, "x"), { now: Date.now, report: () => undefined });
  if (opened.is === "fault") throw new Error(opened.fault.reason);
  const owner = new DiskOwner(opened.value);
  await owner.load();
  return { disk: opened.value, owner };
}

describe("DiskOwner", () => {
  test("knows after a restart what was learned, and nothing of it lies there in the clear", async () => {
    const first = await open();
    expect(first.owner.compare("subject", "secret-name")).toBe("unknown");
    first.owner.learn({ subject: "secret-name", token: "secret-token" });
    first.owner.learn({ cluster: "uid", token: undefined });
    await first.disk.close();
    const second = await open();
    expect(second.owner.compare("subject", "secret-name")).toBe("same");
    expect(second.owner.compare("subject", "uid")).toBe("another");
    expect(second.owner.compare("cluster", "uid")).toBe("same");
    expect(second.owner.has("token")).toBe(false);
    await second.disk.close();
    const bytes = await Bun.file(databasePath(join(folder.dir, "x"))).text();
    expect(bytes).not.toContain("secret");
  });

  test("forgets, and says nothing where its row is damaged", async () => {
    const first = await open();
    first.owner.learn({ server: "s" });
    first.owner.forget();
    expect(first.owner.has("server")).toBe(false);
    first.owner.learn({ server: "s" });
    await first.disk.close();
    const db = Database.openWriter(databasePath(join(folder.dir, "x")));
    db.run("UPDATE owner SET state = '{}'");
    await db.close();
    const second = await open();
    expect(second.owner.has("server")).toBe(false);
    await second.disk.close();
  });
});
