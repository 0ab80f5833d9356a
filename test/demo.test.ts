import { expect, test } from "bun:test";
import { join } from "node:path";

test("the demo runs whole and ends by itself, leaving nothing behind", async () => {
  const demo = Bun.spawn([process.execPath, join(import.meta.dir, "demo.ts"), "--once"], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const output = await new Response(demo.stdout).text();
  expect(await demo.exited).toBe(0);
  expect(output).toMatch(/first +upstream/);
  expect(output).toMatch(/fourth +cache/);
  expect(output).toMatch(/all 50 watchers saw it +MODIFIED/);
  expect(output).toMatch(/watches open upstream +1\n/);
  expect(output).toContain("nothing left behind");
}, 90_000);
