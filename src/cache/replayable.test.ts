import { describe, expect, test } from "bun:test";

import { splitTarget } from "../api/query.ts";
import { parseRequestInfo } from "../api/request-info.ts";
import { isReplayable, type ReplayCandidate } from "./replayable.ts";

function candidate(method: string, target: string, over: Partial<ReplayCandidate> = {}) {
  const { path, query } = splitTarget(target);
  const info = parseRequestInfo(method, path, query);
  const head = { status: 200, contentType: "application/json", cacheControl: "", vary: "Accept" };
  return { method, info, query, ...head, ...over };
}

const pods = "/api/v1/namespaces/a/pods";

describe("isReplayable", () => {
  test.each([
    // method  target                                   kept    (CONTRACT 10)
    ["GET", "/api", true],
    ["GET", "/apis/apps/v1", true],
    ["GET", "/openapi/v3/apis/apps/v1?hash=A", true],
    ["GET", "/version", true],
    ["GET", pods, true],
    ["GET", `${pods}?limit=500`, true],
    ["GET", `${pods}/x`, true],
    ["GET", `${pods}/x/status`, true],
    ["HEAD", `${pods}/x`, false],
    ["POST", pods, false],
    ["DELETE", `${pods}/x`, false],
    ["GET", `${pods}?watch=1`, false],
    ["GET", `${pods}?watch=true&resourceVersion=1`, false],
    ["GET", "/api/v1/watch/pods", false],
    ["GET", `${pods}?limit=1&continue=abc`, false],
    ["GET", `${pods}?continue=`, true],
    ["GET", `${pods}/x/log?follow=true`, false],
    ["GET", `${pods}/x/exec?command=a`, false],
    ["GET", `${pods}/x/attach`, false],
    ["GET", `${pods}/x/portforward`, false],
    ["GET", `${pods}/x/proxy/metrics`, false],
    ["GET", "/api/v1/proxy/nodes/n", false],
    ["GET", "/api/v1/nodes/n/proxy/logs", false],
    ["GET", "/api/v1/namespaces/a/serviceaccounts/b/token", false],
    ["POST", "/api/v1/namespaces/a/serviceaccounts/b/token", false],
    ["POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", false],
    ["GET", "/apis/authentication.k8s.io/v1/tokenreviews", false],
    ["GET", "/api/v1/componentstatuses", false],
    ["GET", "/api/v1/componentstatuses/etcd-0", false],
    ["GET", "/healthz", false],
    ["GET", "/livez/etcd", false],
    ["GET", "/readyz?verbose", false],
    ["GET", "/%72eadyz", false],
    ["GET", "/metrics", false],
    ["GET", "/metrics/slis", false],
    ["GET", "/debug/pprof/heap", false],
    ["GET", "/logs/kube-apiserver.log", false],
  ] as const)("%s %s: %p", (method, target, kept) => {
    expect(isReplayable(candidate(method, target))).toBe(kept);
  });

  test.each([
    ["another status", { status: 206 }],
    ["an error", { status: 404 }],
    ["no-store", { cacheControl: "no-cache, No-Store" }],
    ["a stream", { contentType: "application/vnd.kubernetes.protobuf;stream=watch" }],
    ["an answer that varies by all", { vary: "*" }],
  ])("%s is not kept", (_, over) => {
    expect(isReplayable(candidate("GET", "/version", over))).toBe(false);
  });

  test("no-cache and private are kept: they do not forbid to store", () => {
    const over = { cacheControl: "no-cache, private" };
    expect(isReplayable(candidate("GET", "/version", over))).toBe(true);
  });
});
