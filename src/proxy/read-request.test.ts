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
