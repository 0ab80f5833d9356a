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
  expect(output).toMatch(/is cut:\n +the same LIST +stale .* s old\n/);
  expect(output).toContain("kubectl prints: Warning:");
  expect(output).toMatch(/started without the apiserver:\n.*\n +the same LIST +stale /);
  expect(output).toMatch(/a write +503\n/);
  expect(output).toMatch(/listed again upstream +0\n/);
  expect(output).toMatch(
    /What happened:\n.*edge-proxy +without\n +a LIST again +[\d.]+ ms +[\d.]+ ms\n/,
  );
  expect(output).toMatch(/watches upstream for 50 +1 +50\n/);
  expect(output).toMatch(/bytes of a LIST by a rule +\d+ +\d+\n/);
  expect(output).toContain("What to try:");
  expect(output).toContain("nothing left behind");
}, 90_000);
