import { describe, expect, test } from "bun:test";

import { parseLabelSelector } from "../api/label-selector.ts";
import { parseRequestInfo } from "../api/request-info.ts";
import { parseRules } from "../config/rules.ts";
import { RuleSet } from "../rules/rule-set.ts";
import { oppositeOf, ruleRequest } from "./ruled-request.ts";

const rulesOf = (rule: object) => new RuleSet(parseRules("r.yaml", "", [{ name: "a", ...rule }]));

function ruled(rule: object, target: string, accept = "application/json") {
  const [path = "", query = ""] = target.split("?");
  const info = parseRequestInfo("GET", path, query);
  if (!info.isResourceRequest) throw new Error("no resource");
  return ruleRequest(rulesOf(rule), info, { target, accept, userAgent: "", isPerson: false });
}

const pods = "/api/v1/namespaces/x/pods";
const table = "application/json;as=Table;v=v1;g=meta.k8s.io";
const protobuf = "application/vnd.kubernetes.protobuf";

describe("ruleRequest", () => {
  test.each([
    // accepted, by a rule that trims metadata, by one that trims contents
    ["", "application/json", "application/json"],
    ["*/*", "application/json", "application/json"],
    ["*/*;q=0.5", "application/json", "application/json"],
    [`*/*, ${protobuf}`, `${protobuf},application/json`, "application/json"],
    [`${table};q=0.1, application/json`, `application/json,${table}`, "application/json"],
    ["application/json;q=0", "application/json", "application/json"],
    ["application/json; as = Table;v=v1; g=meta.k8s.io", table, "406"],
    ["application/json;as=table;v=v1;g=meta.k8s.io", "406", "406"],
    ["application/json;AS=Table", "application/json", "application/json"],
    [
      "application/*;as=Table;v=v1;g=meta.k8s.io",
      "application/*;as=Table;v=v1;g=meta.k8s.io",
      "406",
    ],
    ["application/ json", "406", "406"],
    ["*", "406", "406"],
    ["application/json;sv=1", "406", "406"],
    ["application/*", "application/*", "application/*"],
    [
      "application/*, application/json",
      "application/json,application/json",
      "application/json,application/json",
    ],
    ["APPLICATION/JSON", "APPLICATION/JSON", "APPLICATION/JSON"],
    [protobuf, protobuf, "406"],
    [`${protobuf},application/json`, `${protobuf},application/json`, "application/json"],
    [`${table},application/json`, `${table},application/json`, "application/json"],
    [table, table, "406"],
    ["application/yaml", "406", "406"],
    ["text/html", "text/html", "text/html"],
    ["application/cbor, application/json", "application/json", "application/json"],
    [`${protobuf};as=Table;v=v1;g=meta.k8s.io`, "406", "406"],
    ["application/json;pretty=1", "application/json", "application/json"],
  ])("of %p it asks upstream for what can be looked into", (accept, ofMetadata, ofContents) => {
    const sent = (path: string) => {
      try {
        return ruled({ trim: path }, pods, accept)?.accept;
      } catch (error) {
        return String(error).includes('the rule "a" cannot be obeyed') ? "406" : String(error);
      }
    };
    expect(sent("metadata.managedFields")).toBe(ofMetadata);
    expect(sent("spec")).toBe(ofContents);
  });

  test.each([
    [{ hide: { labelSelector: "a=b" } }, pods, `${pods}?labelSelector=a+notin+%28b%29`],
    [{ hide: { labelSelector: "a" } }, `${pods}?labelSelector=c`, `${pods}?labelSelector=c%2C%21a`],
    [{ hide: { labelSelector: "a,b" } }, pods, pods],
    [{ hide: { labelSelector: "a" } }, `${pods}/x`, `${pods}/x`],
    [{ hide: { namePrefix: "a" } }, pods, pods],
    [
      { hide: { labelSelector: "a" }, match: { namespaces: ["x"] } },
      "/api/v1/pods",
      "/api/v1/pods",
    ],
    [
      { hide: { labelSelector: "a" }, match: { namespaces: ["x"] } },
      pods,
      `${pods}?labelSelector=%21a`,
    ],
    [{ hide: { namePrefix: "a" } }, `${pods}?includeObject=None`, `${pods}?includeObject=Metadata`],
    [{ trim: "spec" }, `${pods}?includeObject=None`, `${pods}?includeObject=None`],
    [{ trim: "spec" }, `${pods}?pretty=1`, `${pods}?pretty=0`],
  ])("by %p %s is sent as %s", (rule, target, sent) => {
    expect(ruled(rule, target)?.target).toBe(sent);
  });

  test("no rule is for a request that selects other than the rule says", () => {
    const rule = { match: { labelSelector: "type=a" }, hide: { namePrefix: "draft-" } };
    expect(ruled(rule, pods)).toBeUndefined();
    expect(ruled(rule, `${pods}?labelSelector=type%3Da`)?.view.hiding).toHaveLength(1);
    expect(() => ruled(rule, `${pods}?labelSelector=a+in+b`)).toThrow("unable to parse");
  });
});

describe("oppositeOf", () => {
  test.each([
    ["a=b", "a notin (b)"],
    ["a in (b,c)", "a notin (b,c)"],
    ["a!=b", "a in (b)"],
    ["a", "!a"],
    ["!a", "a"],
    ["a>1", undefined],
    ["a,b", undefined],
  ])("%s: %p", (text, opposite) => {
    expect(oppositeOf(parseLabelSelector(text))).toBe(opposite);
  });
});
