import { describe, expect, test } from "bun:test";

import { parseArgs } from "./args.ts";

function given(...argv: string[]) {
  return Object.fromEntries([...parseArgs(argv, "/")].map(([name, { values }]) => [name, values]));
}

describe("parseArgs", () => {
  test.each([
    [["--scope-idle", "5m"], { "scope-idle": ["5m"] }],
    [["--scope-idle=5m"], { "scope-idle": ["5m"] }],
    [["-v", "2"], { v: ["2"] }],
    [["-v=2"], { v: ["2"] }],
    [["--v", "2"], { v: ["2"] }],
    [["--use-kubeconfig"], { "use-kubeconfig": ["true"] }],
    [["--use-kubeconfig", "true", "--v=1"], { "use-kubeconfig": ["true"], v: ["1"] }],
    [["--use-kubeconfig", "false"], { "use-kubeconfig": ["false"] }],
    [["--use-kubeconfig=false"], { "use-kubeconfig": ["false"] }],
    [["--use-kubeconfig", "--v=1"], { "use-kubeconfig": ["true"], v: ["1"] }],
    [["--no-cache-resources", "secrets"], { "no-cache-resources": ["secrets"] }],
    [
      ["--preload", "v1/pods, v1/nodes", "--preload=apps/v1/deployments"],
      { preload: ["v1/pods", "v1/nodes", "apps/v1/deployments"] },
    ],
    [["--preload="], { preload: [] }],
    [["--v=1", "--v=1"], { v: ["1"] }],
    [["-h"], { help: ["true"] }],
    [["--accept-hosts", "^a=b$"], { "accept-hosts": ["^a=b$"] }],
  ])("%p", (argv, expected) => {
    expect(given(...argv)).toEqual(expected);
  });

  test("the Go original's line works as it stands", () => {
    const line =
      "--server-addr https://h:6443 --use-kubeconfig true --enable-sample-handler true --disk-cache-path /c";
    expect(given(...line.split(" "))).toEqual({
      "server-addr": ["https://h:6443"],
      "use-kubeconfig": ["true"],
      "enable-sample-handler": ["true"],
      "disk-cache-path": ["/c"],
    });
  });

  test.each([
    [["--scope-idel", "5m"], "--scope-idel: unknown flag; the nearest is --scope-idle"],
    [["--bindaddress=x"], "--bindaddress: unknown flag; the nearest is --bind-address"],
    [["--qqqqqqqqqq"], "--qqqqqqqqqq: unknown flag; --help lists all"],
    [["-x"], "-x: unknown flag"],
    [["-server-addr", "http://h"], "-server-addr: unknown flag; the nearest is --server-addr"],
    [["--scope-idle"], "--scope-idle: a value is missing; write it as --scope-idle=DURATION"],
    [["--scope-idle", "--v=1"], "--scope-idle: a value is missing"],
    [["--scope-idle="], "--scope-idle: a value is missing"],
    [
      ["--use-kubeconfig="],
      "--use-kubeconfig: a value is missing; write it as --use-kubeconfig=true",
    ],
    [["serve"], '"serve": no argument is taken, only flags (--help)'],
    [["--"], '"--": no argument is taken'],
    [["-"], '"-": no argument is taken'],
    [["--v=1", "--v=2"], '--v: given twice, as "1" and as "2"'],
    [["--use-kubeconfig", "maybe"], '--use-kubeconfig: "maybe" is neither true nor false'],
  ])("%p is refused: %s", (argv, message) => {
    expect(() => given(...argv)).toThrow(message);
  });
});
