import { describe, expect, test } from "bun:test";

import { everything, parseLabelSelector } from "../api/label-selector.ts";
import { RuleSet } from "../rules/rule-set.ts";
import { parseRules } from "./rules.ts";

const parse = (text: string) => {
  const { rules } = Bun.YAML.parse(text) as { rules: unknown };
  return parseRules("/etc/e.yaml", text, rules);
};

describe("parseRules", () => {
  test.each([
    ["rules: 1", 'rules: it is a list; write each rule as "- name: …"', 1],
    ["rules:\n- hide: {namePrefix: a}", "rule number 1: name is missing", 2],
    ["rules:\n- name: a", 'rule "a": it takes one of hide, trim and keep', 2],
    ["rules:\n- name: a\n  hide: {}\n  trim: [b]", 'rule "a": it takes one of', 2],
    ["rules:\n- name: a\n  hidee: {}", 'rule "a": hidee: unknown key; the nearest is hide', 3],
    ["rules:\n- name: a\n  hide: {}", 'rule "a": hide: it takes one of namePrefix and', 3],
    ["rules:\n- name: a\n  hide:\n    labelSelector: a in b", 'rule "a": hide.labelSelector: ', 4],
    [
      "rules:\n- name: a\n  trim:\n  - data\n  - a[",
      'rule "a": trim: "a[" is no field path at "["',
      5,
    ],
    ["rules:\n- name: a\n  trim: metadata", 'rule "a": trim: clients know objects by', 3],
    ["rules:\n- name: a\n  trim: [metadata.uid]", 'rule "a": trim: clients know objects by', 3],
    ["rules:\n- name: a\n  keep: [spec]", 'rule "a": keep: metadata.name must be among', 3],
    ["rules:\n- name: a\n  trim: []", 'rule "a": trim: the list is empty', 3],
    ["rules:\n- name: a\n  trim: data\n- name: a\n  trim: data", 'rule "a": name: another rule', 4],
    [
      "rules:\n- name: a\n  match: {resources: [A]}\n  trim: data",
      'rule "a": match.resources: "A" is no pattern',
      3,
    ],
    [
      "rules:\n- name: a\n  match:\n    labels: x=y\n  trim: data",
      'rule "a": match.labels: unknown key',
      4,
    ],
  ])("%p is refused", (text, message, line) => {
    expect(() => parse(text)).toThrow(`/etc/e.yaml:${line}: ${message}`);
  });

  const [rule] = parse(`rules:
- name: a
  match:
    resources: [configmaps, apps/*]
    namespaces: [x, y]
    userAgents: [kubelet/*]
    labelSelector: type in (a, b)
  hide: {namePrefix: draft-}`);
  const rules = new RuleSet(rule === undefined ? [] : [rule]);
  const request = {
    group: "",
    resource: "configmaps",
    namespace: "x",
    userAgent: "kubelet/v1",
    labelSelector: parseLabelSelector("type=a,other"),
  };

  test.each([
    [{}, true],
    [{ group: "apps", resource: "deployments" }, true],
    [{ resource: "pods" }, false],
    [{ namespace: "" }, true],
    [{ namespace: "z" }, false],
    [{ userAgent: "kube-proxy/v1" }, false],
    [{ userAgent: "my kubelet/v1" }, false],
    [{ labelSelector: parseLabelSelector("type=b") }, true],
    [{ labelSelector: parseLabelSelector("type=c") }, false],
    [{ labelSelector: parseLabelSelector("type in (a,c)") }, false],
    [{ labelSelector: everything }, false],
  ])("a rule is for a request with %p: %p", (difference, isFor) => {
    expect(rules.viewOf({ ...request, ...difference }) !== undefined).toBe(isFor);
  });

  test("a resource is one under all its groups", () => {
    const [named] = parse(
      "rules:\n- {name: a, match: {resources: [events]}, hide: {namePrefix: a}}",
    );
    const set = new RuleSet(named === undefined ? [] : [named]);
    const isRuled = (group: string) => set.viewOf({ ...request, group, resource: "events" });
    expect(
      ["", "events.k8s.io", "example.com"].map((group) => isRuled(group) !== undefined),
    ).toEqual([true, true, false]);
  });

  test.each([
    ["trim", "message", ["message", "note"]],
    ["trim", "regarding", ["involvedObject", "regarding"]],
    ["keep", "message", ["message", "metadata", "note"]],
  ])("%s of %s means the field of an Event under both of its names", (effect, field, names) => {
    const paths = effect === "keep" ? `[metadata.name, ${field}]` : `[${field}]`;
    const set = new RuleSet(parse(`rules:\n- {name: a, ${effect}: ${paths}}`));
    const namesOf = (group: string, resource: string) => {
      const trim = set.viewOf({ ...request, group, resource })?.trimming[0]?.effect.trim;
      return [...(trim?.fields.members.keys() ?? [])].toSorted((a, b) => (a < b ? -1 : 1));
    };
    expect(namesOf("", "events")).toEqual(names);
    expect(namesOf("events.k8s.io", "events")).toEqual(names);
    expect(namesOf("", "configmaps")).toEqual(effect === "keep" ? [field, "metadata"] : [field]);
  });

  test("of all namespaces it hides in those that it names only", () => {
    const view = rules.viewOf({ ...request, namespace: "" });
    const object = { name: "draft-1", labels: {}, fields: {} };
    expect(view?.hiderOf({ ...object, namespace: "x" })?.name).toBe("a");
    expect(view?.hiderOf({ ...object, namespace: "z" })).toBeUndefined();
  });
});
