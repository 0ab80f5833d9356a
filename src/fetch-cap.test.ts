import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "edge-proxy-cap-"));
afterAll(() => rmSync(folder, { recursive: true }));

const script = join(folder, "script.ts");
writeFileSync(
  script,
  `import ${JSON.stringify(join(import.meta.dir, "fetch-cap.ts"))};
   console.log(JSON.stringify({ argv: process.argv.slice(2), pid: process.pid, env: process.env }));`,
);

async function run(env: Record<string, string>) {
  const child = Bun.spawn([process.execPath, script, "a b", "--c=d"], { env, stdout: "pipe" });
  const said = JSON.parse(await child.stdout.text());
  return { ...said, isSamePid: said.pid === child.pid };
}

describe("fetch-cap", () => {
  test("the second start has the raised cap, the same arguments and the same pid", async () => {
    const { argv, env, isSamePid } = await run({ KEPT: "x" });
    expect({ argv, isSamePid }).toEqual({ argv: ["a b", "--c=d"], isSamePid: true });
    expect(env).toMatchObject({ KEPT: "x", BUN_CONFIG_MAX_HTTP_REQUESTS: "65535" });
  });

  test("what would print tokens or skip checks is taken out", async () => {
    const { env } = await run({
      BUN_CONFIG_MAX_HTTP_REQUESTS: "65535",
      BUN_CONFIG_VERBOSE_FETCH: "curl",
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
    });
    expect(Object.keys(env)).not.toContain("BUN_CONFIG_VERBOSE_FETCH");
    expect(Object.keys(env)).not.toContain("NODE_TLS_REJECT_UNAUTHORIZED");
  });
});
