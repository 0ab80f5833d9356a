import { describe, expect, test } from "bun:test";

import { parseConfigFile } from "./file.ts";

function given(text: string) {
  const { flags: found } = parseConfigFile("/etc/edge/c.yaml", text);
  return Object.fromEntries([...found].map(([name, { values }]) => [name, values]));
}

describe("parseConfigFile", () => {
  test.each([
    ["", {}],
    ["# nothing\n", {}],
    [
      "scope-idle: 5m\nv: 2\nuse-kubeconfig: true\n",
      { "scope-idle": ["5m"], v: ["2"], "use-kubeconfig": ["true"] },
    ],
    ["preload: v1/pods,v1/nodes", { preload: ["v1/pods", "v1/nodes"] }],
    ["preload:\n- v1/pods\n- v1/nodes\n", { preload: ["v1/pods", "v1/nodes"] }],
    ['accept-hosts: ["^a{1,2}$"]', { "accept-hosts": ["^a{1,2}$"] }],
    ["admin-address: off", { "admin-address": ["off"] }],
    ["# a: b\naccept-hosts: ['a: b']\n", { "accept-hosts": ["a: b"] }],
    ["rules: []", {}],
    ["watch-buffer: 1048576", { "watch-buffer": ["1048576"] }],
  ])("%p", (text, expected) => {
    expect(given(text)).toEqual(expected);
  });

  test("a value keeps the file's folder, for relative paths", () => {
    expect(parseConfigFile("/etc/edge/c.yaml", "kubeconfig: k").flags.get("kubeconfig")).toEqual({
      values: ["k"],
      place: "/etc/edge/c.yaml: kubeconfig",
      folder: "/etc/edge",
    });
  });

  test.each([
    ["scopeidle: 5m", "/etc/edge/c.yaml: scopeidle: unknown key; the nearest is scope-idle"],
    ["--v: 1", "/etc/edge/c.yaml: --v: unknown key; the nearest is v"],
    ["config: x", "/etc/edge/c.yaml: config: only on the command line, as --config"],
    ["a: [", "/etc/edge/c.yaml:1: no YAML: "],
    ["a: 1\nrules:\n  - name: a\n   trim: b\n", "/etc/edge/c.yaml:4: no YAML: "],
    ["v: 1\nscope-idle: 5m\n\nv: 2\n", "/etc/edge/c.yaml:4: v: the key is there twice"],
    ['{"v": 1, "v": 2}', "/etc/edge/c.yaml:1: v: the key is there twice"],
    [
      "rules:\n- name: a\n  trim: [b]\n- name: b\n  trim: [c]\n  trim: [d]\n",
      "/etc/edge/c.yaml:6: trim: the key is there twice",
    ],
    ["v: 1\nkubeconfig:\n", "/etc/edge/c.yaml:2: kubeconfig: a value is missing"],
    ["v: ~", "/etc/edge/c.yaml:1: v: a value is missing"],
    ["rules:\n# - name: a\n", "/etc/edge/c.yaml:1: rules: a value is missing"],
    ["- a", '/etc/edge/c.yaml: not "key: value" lines'],
    ["just text", '/etc/edge/c.yaml: not "key: value" lines'],
    ["scope-idle: [5m]", '/etc/edge/c.yaml: scope-idle: ["5m"] is no single value'],
    ["scope-idle: {a: b}", "/etc/edge/c.yaml: scope-idle:"],
    [
      "use-kubeconfig: maybe",
      '/etc/edge/c.yaml: use-kubeconfig: "maybe" is neither true nor false',
    ],
    ["preload: [[a]]", "/etc/edge/c.yaml: preload:"],
  ])("%p is refused: %s", (text, message) => {
    expect(() => given(text)).toThrow(message);
  });
});
