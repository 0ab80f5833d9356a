import { describe, expect, test } from "bun:test";

import { describeRequest } from "./read-request.ts";

const configmaps = "/api/v1/namespaces/a/configmaps";
const watched = "/api/v1/watch/namespaces/a";

const isSecret = (group: string, resource: string) => group === "" && resource === "secrets";

describe("describeRequest", () => {
  test.each([
    [configmaps, "read"],
    [`${configmaps}?watch=1`, "read"],
    [`${configmaps}/b`, "read"],
    [`${watched}/configmaps`, "read"],
    ["/api/v1/watch/namespaces", "read"],
    // one object, which no selector says
    [`${watched}/configmaps/b`, "pass"],
    [`${watched}/configmaps/b?fieldSelector=metadata.name%3Db`, "pass"],
    [watched, "pass"],
    ["/api/v1/watch/nodes/b", "pass"],
    // upstream words the 400
    [`${configmaps}/b%25`, "pass"],
    [`${configmaps}/%2E`, "pass"],
    [`${configmaps}/..`, "pass"],
    [`${configmaps}/..b`, "read"],
    // a GET of one object reads no other option
    [`${configmaps}/b?limit=junk&timeoutSeconds=x&labelSelector=a===b`, "read"],
    [`${configmaps}/b?resourceVersionMatch=Exact&sendInitialEvents=x&continue=x&watch=1`, "read"],
    [`${configmaps}/b?resourceVersion=junk`, "pass"],
    [`${configmaps}/b?export=true`, "pass"],
    [`${configmaps}?limit=junk`, "pass"],
    // upstream words the 400 and the 504, and ignores the timeout of a watch
    [`${configmaps}?timeout=5s`, "read"],
    [`${configmaps}?timeout=-1s`, "read"],
    [`${configmaps}?timeout=0.5ns`, "read"],
    [`${configmaps}?timeout=10ms`, "read"],
    [`${configmaps}?timeout=1ms`, "pass"],
    [`${configmaps}?timeout=1ns`, "pass"],
    [`${configmaps}/b?timeout=1ns`, "pass"],
    [`${configmaps}?timeout=1`, "pass"],
    [`${configmaps}?timeout=9999999999h`, "pass"],
    [`${configmaps}?watch=1&timeout=1ns`, "read"],
    [`${configmaps}?watch=1&timeout=foo`, "read"],
  ])("%p is %p", (target, is) => {
    const parts = { method: "GET", target, accept: "application/json", isPerson: false };
    expect(describeRequest(parts, () => true).is).toBe(is as "read" | "pass");
  });

  test("what is not cached passes", () => {
    const parts = {
      method: "GET",
      target: configmaps,
      accept: "application/json",
      isPerson: false,
    };
    expect(describeRequest(parts, isSecret).is).toBe("pass");
    const secrets = { ...parts, target: "/api/v1/secrets" };
    expect(describeRequest(secrets, isSecret).is).toBe("read");
  });
});
