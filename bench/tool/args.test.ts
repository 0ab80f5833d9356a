import { describe, expect, test } from "bun:test";

import { parseArgs } from "./args.ts";
import { runFlags } from "./flags.ts";

const given = (line: string) =>
  Object.fromEntries(parseArgs(line === "" ? [] : line.split(" "), runFlags));

describe("parseArgs", () => {
  test.each([
    ["", {}],
    ["--bench func", { bench: ["func"] }],
    ["--bench=func", { bench: ["func"] }],
    ["--namespace NS --use-kubeconfig", { namespace: ["NS"], "use-kubeconfig": ["true"] }],
    ["--use-kubeconfig true --timeout 5", { "use-kubeconfig": ["true"], timeout: ["5"] }],
    ["--use-kubeconfig false", { "use-kubeconfig": ["false"] }],
    ["--use-kubeconfig=false", { "use-kubeconfig": ["false"] }],
    ["--target a=b --target=c=d", { target: ["a=b", "c=d"] }],
    ["--bench func --bench=func", { bench: ["func"] }],
    ["-h", { help: ["true"] }],
  ])("takes %p", (line, expected) => {
    expect(given(line)).toEqual(expected);
  });

  test.each([
    ["--bnech func", "--bnech: unknown flag; the nearest is --bench"],
    ["--qqqqqqqqqq", "--qqqqqqqqqq: unknown flag; --help lists all"],
    ["--bench", "--bench: a value is missing; write it as --bench=CASE,…"],
    ["--bench --timeout=5", "--bench: a value is missing"],
    ["--bench=", "--bench: a value is missing"],
    ["--use-kubeconfig=maybe", "--use-kubeconfig=maybe: it is true or false"],
    ["--use-kubeconfig maybe", '"maybe": not understood'],
    ["func", '"func": not understood; only flags (--help)'],
    ["--bench func --bench filter", "--bench: given twice, as func and as filter"],
  ])("refuses %p: %s", (line, message) => {
    expect(() => given(line)).toThrow(message);
  });
});
