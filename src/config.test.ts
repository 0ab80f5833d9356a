import { describe, expect, test } from "bun:test";

import { ConfigError, readAction, readConfig } from "./config.ts";
import type { ConfigInput } from "./config/input.ts";

function read(
  argv: readonly string[],
  input: Partial<ConfigInput> = {},
  files: Record<string, string> = {},
) {
  return readConfig({
    argv,
    env: { HOME: "/home/a" },
    folder: "/work",
    readFile: (file) => {
      const text = files[file];
      if (text === undefined) throw Object.assign(new Error("no"), { code: "ENOENT" });
      return text;
    },
    isFile: (file) => file in files,
    ...input,
  });
}

const anonymous = "--server-addr=http://127.0.0.1:8080";

describe("readConfig", () => {
  test("the defaults are those of --help", () => {
    const { isCacheable, isKeptOffDisk, acceptHosts, rules, ...config } = read([anonymous]);
    expect(rules.rules).toEqual([]);
    expect(config).toEqual({
      serverAddr: "http://127.0.0.1:8080",
      credentials: { from: "nowhere" },
      healthIntervalMs: 10_000,
      bindAddress: { hostname: "127.0.0.1", port: 10_261 },
      bindSocket: undefined,
      adminAddress: { hostname: "127.0.0.1", port: 10_267 },
      readConsistency: "session",
      scopeWindowMs: 30_000,
      scopeIdleMs: 300_000,
      preload: [],
      cacheResources: [{ group: "*", resource: "*" }],
      noCacheResources: [],
      memoryLimitBytes: 256 * 2 ** 20,
      watchBufferBytes: 2 ** 20,
      diskCachePath: "/etc/kubernetes/cache",
      isDiskRequired: false,
      diskFlushMs: 1000,
      diskLimitBytes: 512 * 2 ** 20,
      replayLimitBytes: 32 * 2 ** 20,
      noDiskResources: [{ group: "", resource: "secrets" }],
      shutdownGraceMs: 10_000,
      logFormat: "text",
      verbosity: 0,
      notices: [],
    });
    expect(isCacheable("", "pods")).toBe(true);
    expect([isKeptOffDisk("", "secrets"), isKeptOffDisk("", "pods")]).toEqual([true, false]);
    expect(
      ["localhost", "127.0.0.1", "[::1]", "evil.example", "127x0.0.1"].map((host) =>
        acceptHosts.some((pattern) => pattern.test(host)),
      ),
    ).toEqual([true, true, true, false, false]);
  });

  test("it is frozen, and so are its lists", () => {
    const config = read([anonymous]);
    expect(
      [config, config.preload, config.acceptHosts, config.notices].every(Object.isFrozen),
    ).toBe(true);
  });

  test("flags win over the config file", () => {
    const files = { "/work/c.yaml": "scope-idle: 1m\nscope-window: 2s\n" };
    const config = read([anonymous, "--config", "c.yaml", "--scope-idle=9m"], {}, files);
    expect([config.scopeIdleMs, config.scopeWindowMs]).toEqual([540_000, 2000]);
  });

  test("relative paths start at the working folder, and in a config file at its own", () => {
    const files = { "/etc/e/c.yaml": "kubeconfig: k\ndisk-cache-path: ~/cache\n" };
    const config = read(["--config=/etc/e/c.yaml", "--bind-socket", "s.sock"], {}, files);
    expect(config.credentials).toEqual({ from: "kubeconfig", files: ["/etc/e/k"] });
    expect([config.bindSocket, config.diskCachePath]).toEqual(["/work/s.sock", "/home/a/cache"]);
  });

  test("the sample handler is taken and said to have no effect", () => {
    expect(read([anonymous, "--enable-sample-handler"]).notices).toEqual([
      "--enable-sample-handler is accepted and has no effect",
    ]);
  });

  test.each([
    [["--scope-idle", "5x"], '--scope-idle: "5x" is no duration; write it as 5m or 1h30m'],
    [["--bind-address", "x"], '--bind-address: "x" is no address'],
    [["--memory-limit", "lots"], '--memory-limit: "lots" is no size'],
    [["--memory-limit", "1Ki"], "--memory-limit: 1Ki is too small; at least 1Mi"],
    [
      ["--read-consistency", "sesion"],
      '--read-consistency: "sesion" is not one of session, exact, any',
    ],
    [["--log-format", "xml"], '--log-format: "xml" is not one of text, json'],
    [["--accept-hosts", "["], '--accept-hosts: "[" is no regular expression'],
    [["--server-addr", "host"], '--server-addr: "host" is no URL'],
    [["--v", "eleven"], '--v: "eleven" is no verbosity'],
    [["--use-kubeconfig=maybe"], '--use-kubeconfig: "maybe" is neither true nor false'],
    [["--preload", "po"], '--preload: "po" is a short name; write it as pods'],
    [
      ["--cache-resources", "cm"],
      '--cache-resources: "cm" is a short name; write it as configmaps',
    ],
    [["--disk-limit", "64mi"], '--disk-limit: "64mi" is no size; write it as 64Mi'],
    [["--bind-address=127.0.0.1:10267"], "--admin-address: 127.0.0.1:10267 is --bind-address too"],
    [["--config", "none.yaml"], "--config: /work/none.yaml: no such file"],
  ])("%p is one line that names the flag", (argv, message) => {
    const attempt = () => read(argv[0] === "--server-addr" ? argv : [anonymous, ...argv]);
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow("\n");
  });

  test("a bad value in the config file is named with the file", () => {
    const files = { "/c.yaml": "scope-idle: 5x" };
    expect(() => read([anonymous, "--config=/c.yaml"], {}, files)).toThrow(
      '/c.yaml: scope-idle: "5x" is no duration',
    );
  });
});

describe("readAction", () => {
  test.each([
    [[], "serve"],
    [["--v=1"], "serve"],
    [["--version", "--v=1"], "version"],
    [["--check-config"], "check"],
    [["--check-config=false"], "serve"],
    [["--nonsense", "--help"], "help"],
    [["-h"], "help"],
  ] as const)("%p: %s", (argv, action) => {
    expect(readAction(argv)).toBe(action);
  });
});
