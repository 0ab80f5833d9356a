import { describe, expect, test } from "bun:test";

import { parseRequestInfo, type ResourceRequest } from "../api/request-info.ts";
import { type Answer, readAnswer } from "../codec/answer.ts";
import { floorOf, toWrittenResource } from "./write-floors.ts";

function info(method: string, path: string): ResourceRequest {
  const parsed = parseRequestInfo(method, `/api/v1/namespaces/n/${path}`, "");
  if (!parsed.isResourceRequest) throw new Error("no resource");
  return parsed;
}

function answer(body: object): Answer {
  return readAnswer(new TextEncoder().encode(JSON.stringify(body)), "application/json", []);
}

const metadata = { name: "a", namespace: "n", uid: "u", resourceVersion: "9" };
const object = answer({ kind: "Pod", apiVersion: "v1", metadata });
const status = answer({ kind: "Status", apiVersion: "v1", details: { name: "a", uid: "u" } });
const nothing: Answer = { is: "unreadable" };

function deleting(more: object, kind = "ConfigMap", rest: object = {}): Answer {
  const all = { ...metadata, deletionTimestamp: "2026-01-01T00:00:00Z", ...more };
  return answer({ kind, apiVersion: "v1", metadata: all, ...rest });
}

describe("floorOf", () => {
  test.each([
    // method, path, code, answer                                             -> floor          (CONTRACT 2 and 3)
    ["POST", "configmaps", 201, object, "seen"],
    ["PUT", "configmaps/a", 200, object, "seen"],
    ["PATCH", "configmaps/a", 200, object, "seen"],
    ["PUT", "pods/a/status", 200, object, "seen"],
    ["PATCH", "pods/a/ephemeralcontainers", 200, object, "seen"],
    ["DELETE", "pods/a", 200, object, "seen"],
    ["PUT", "replicationcontrollers/a/scale", 200, object, "look up"],
    ["PUT", "configmaps/a", 200, deleting({}), "deleted"],
    ["PATCH", "configmaps/a", 200, deleting({ deletionGracePeriodSeconds: 0 }), "deleted"],
    ["PATCH", "configmaps/a", 200, deleting({ finalizers: ["x/y"] }), "seen"],
    ["PATCH", "pods/a", 200, deleting({ deletionGracePeriodSeconds: 30 }), "seen"],
    ["DELETE", "configmaps/a", 200, status, "deleted"],
    ["POST", "pods/a/eviction", 201, answer({ kind: "Status", apiVersion: "v1" }), "look up"],
    ["POST", "pods/a/binding", 201, answer({ kind: "Status", apiVersion: "v1" }), "look up"],
    ["DELETE", "configmaps", 200, nothing, "everything"],
    ["POST", "configmaps", 201, nothing, "everything"],
    ["PUT", "configmaps/a", 200, nothing, "look up"],
    ["PUT", "configmaps/a", 409, status, "look up"],
    ["DELETE", "configmaps/a", 404, status, "look up"],
    ["POST", "configmaps", 409, status, "look up"],
    ["PUT", "configmaps/a", 422, status, "look up"],
    ["PUT", "configmaps/a", undefined, nothing, "look up"],
    ["POST", "configmaps", undefined, nothing, "everything"],
    ["PUT", "configmaps/a", 500, nothing, "look up"],
    ["PUT", "configmaps/a", 400, status, undefined],
    ["PUT", "configmaps/a", 401, status, undefined],
    ["PUT", "configmaps/a", 403, status, undefined],
    ["PUT", "configmaps/a", 415, status, undefined],
    ["PUT", "configmaps/a", 429, status, undefined],
    ["POST", "serviceaccounts/a/token", 201, object, undefined],
  ])("%s %s answered %p: %#", (method, path, code, given, expected) => {
    const floor = floorOf(info(method, path), false, { status: code, answer: given });
    expect(floor?.kind).toBe(expected as never);
  });

  test("a POST of bindings is a write to pods, as far as it is known", () => {
    const written = toWrittenResource(info("POST", "bindings"));
    expect(written.resource).toBe("pods");
    const success = answer({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" });
    const floor = (code: number, given: Answer) =>
      floorOf(written, false, { status: code, answer: given });
    expect(floor(201, success)).toEqual({ kind: "everything" });
    expect(floor(409, status)).toMatchObject({ kind: "look up", gvr: { resource: "pods" } });
  });

  test("a dry run raises nothing", () => {
    expect(
      floorOf(info("PUT", "configmaps/a"), true, { status: 200, answer: object }),
    ).toBeUndefined();
  });

  test("a Namespace is deleted when its own finalizers are gone", () => {
    const parsed = parseRequestInfo("PUT", "/api/v1/namespaces/a/finalize", "");
    if (!parsed.isResourceRequest) throw new Error("no resource");
    const held = deleting({}, "Namespace", { spec: { finalizers: ["kubernetes"] } });
    const gone = deleting({}, "Namespace", { spec: {} });
    expect(floorOf(parsed, false, { status: 200, answer: held })?.kind).toBe("seen");
    expect(floorOf(parsed, false, { status: 200, answer: gone })?.kind).toBe("deleted");
  });
});
