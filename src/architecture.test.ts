import { describe, expect, test } from "bun:test";
import { dirname, join, relative } from "node:path";

/** Who may import whom (DESIGN: layout); a folder may always import itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  api: [],
  codec: ["http", "api"],
  memory: [],
  http: ["api"],
  cache: ["memory", "http", "codec", "api"],
  upstream: ["http", "codec", "api", "config", "log", "version"],
  config: ["log", "rules", "codec", "api"],
  rules: ["codec", "api"],
  proxy: ["rules", "upstream", "cache", "http", "codec", "api", "log"],
  admin: ["http", "api", "log"],
};

/** A package and the one file that may import it. */
const vendors: Readonly<Record<string, readonly string[]>> = {
  citty: ["command.ts"],
  yaml: ["config/yaml-lines.ts"],
  "bun:ffi": ["memory/code-pages.ts"],
  "bun:sqlite": ["cache/database.ts"],
  "consola/core": ["log.ts"],
  "protobufjs/minimal.js": ["codec/protobuf.ts"],
  "@kubernetes/client-node": ["upstream/kubeconfig-file.ts"],
};

const root = import.meta.dir;

interface Import {
  readonly file: string;
  readonly from: string;
}

/** All imports, type-only ones too, as text: a transpiler drops those. Tests and testing/ are not ours to keep apart. */
async function readImports(): Promise<readonly Import[]> {
  const imports: Import[] = [];
  for (const file of sourceFiles()) {
    const text = await Bun.file(join(root, file)).text();
    for (const [, from] of text.matchAll(/(?<!\.)\b(?:from|import)\s*\(?\s*"([^"]+)"/g))
      if (from !== undefined) imports.push({ file, from });
  }
  return imports;
}

function sourceFiles(): readonly string[] {
  const files = [...new Bun.Glob("**/*.ts").scanSync({ cwd: root })];
  return files
    .filter((file) => !file.endsWith(".test.ts") && !file.startsWith("testing/"))
    .toSorted();
}

function folderOf(file: string): string {
  return file.includes("/") ? (file.split("/")[0] ?? "") : "";
}

/** The source file that a relative import names, from the root of src. */
function targetOf({ file, from }: Import): string {
  return relative(root, join(root, dirname(file), from));
}

describe("architecture", () => {
  test("a folder imports only those below it", async () => {
    const wrong = (await readImports()).filter((each) => {
      const folder = folderOf(each.file);
      if (folder === "" || !each.from.startsWith(".")) return false;
      const target = targetOf(each);
      const to = folderOf(target) === "" ? target.replace(/\.ts$/, "") : folderOf(target);
      return to !== folder && !(allowed[folder] ?? []).includes(to);
    });
    expect(wrong).toEqual([]);
  });

  test("a package is imported by its one file", async () => {
    const wrong = (await readImports()).filter(({ file, from }) => {
      if (from.startsWith(".") || from.startsWith("node:") || from === "bun") return false;
      const vendor = Object.keys(vendors).find(
        (name) => from === name || from.startsWith(`${name}/`),
      );
      return !(vendors[vendor ?? ""] ?? []).includes(file);
    });
    expect(wrong).toEqual([]);
  });

  test("nothing but tests and the bench imports testing/", async () => {
    const wrong = (await readImports()).filter(({ from }) => from.includes("testing/"));
    expect(wrong).toEqual([]);
  });

  test("each module can be imported alone, without starting anything", async () => {
    const modules = sourceFiles().filter((file) => folderOf(file) !== "");
    const loaded = await Promise.all(modules.map((file) => import(join(root, file))));
    expect(loaded.length).toBeGreaterThan(20);
  });

  test("no source decides by a benchmark's labels or names", async () => {
    const labels = ["resourceusage", "type=consistency", "type=filter", "skip-"];
    const named: string[] = [];
    for (const file of sourceFiles()) {
      const text = await Bun.file(join(root, file)).text();
      const own = text.replaceAll("insecure-skip-tls-verify", "");
      if (labels.some((label) => own.includes(label))) named.push(file);
    }
    expect(named).toEqual([]);
  });
});
