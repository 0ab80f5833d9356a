import { describe, expect, test } from "bun:test";

import { parseRequestInfo } from "../api/request-info.ts";
import { canonicalRequest } from "./canonical-request.ts";

const paths = {
  version: "/version",
  list: "/api/v1/namespaces/a/configmaps",
  get: "/api/v1/namespaces/a/configmaps/b",
} as const;

function formOf(what: keyof typeof paths, query: string, accept = "", isPerson = false): string {
  const info = parseRequestInfo("GET", paths[what], query);
  const form = canonicalRequest(info, query, { accept, isPerson });
  return `${form.query} ${form.accept}`;
}

describe("canonicalRequest", () => {
  test.each([
    // what, a query, another that is answered alike
    ["version", "timeout=32s", ""],
    ["version", "pretty=false", ""],
    ["get", "timeout=5s", ""],
    ["get", "timeoutSeconds=5&limit=1&continue=x&watch=1", ""],
    ["get", "labelSelector=a&fieldSelector=b&resourceVersionMatch=Exact", ""],
    ["get", "allowWatchBookmarks=1&sendInitialEvents=true", ""],
    ["get", "resourceVersion=", ""],
    ["get", "pretty=0", "pretty=false"],
    ["list", "timeout=5s&timeoutSeconds=9&allowWatchBookmarks=true", ""],
    ["list", "labelSelector=&fieldSelector=&limit=&continue=&resourceVersion=", ""],
    ["list", "limit=0&watch=0&resourceVersionMatch=", "watch=false"],
    ["list", "labelSelector=a=b", "labelSelector=a%3Db"],
    ["list", "labelSelector=a%3d%3db", "labelSelector=a%3Db"],
    ["list", "labelSelector=a+in+(b,c)", "labelSelector=a%20in%20(c%2Cb)"],
    ["list", "labelSelector=b,a", "labelSelector=a,b"],
    ["list", "limit=500&fieldSelector=b%3D2%2Ca%3D1", "fieldSelector=a=1,b=2&limit=500"],
    ["list", "limit=5&limit=6", "limit=5"],
    ["list", "l%69mit=5", "limit=5"],
    ["list", "limit=5&a=%zz", "limit=5"],
    ["list", "b=2&a=1", "a=1&b=2"],
  ] as const)("%s: %p is %p", (what, one, other) => {
    expect(formOf(what, one)).toBe(formOf(what, other));
  });

  test.each([
    ["version", "a=b", ""],
    ["get", "resourceVersion=5", ""],
    ["get", "resourceVersion=0", ""],
    ["get", "foo=bar", ""],
    ["get", "pretty=1", ""],
    ["list", "limit=5", ""],
    ["list", "limit=5", "limit=6"],
    ["list", "labelSelector=a", "labelSelector=b"],
    ["list", "labelSelector=,,", ""],
    ["list", "sendInitialEvents=false", ""],
    ["list", "resourceVersion=5", "resourceVersion=6"],
    ["list", "resourceVersion=5&resourceVersionMatch=Exact", "resourceVersion=5"],
    ["list", "shardSelector=x", ""],
    ["list", "includeObject=None", ""],
    ["list", "a=b%26c=d", "a=b&c=d"],
  ] as const)("%s: %p is not %p", (what, one, other) => {
    expect(formOf(what, one)).not.toBe(formOf(what, other));
  });

  test.each([
    ["application/json", ""],
    ["application/json, */*", "application/json"],
    ["*/*", "application/json"],
    ["application/json;charset=utf-8", "application/json"],
    ["application/vnd.kubernetes.protobuf, */*", "application/vnd.kubernetes.protobuf,*/*"],
  ])("Accept %p is %p", (one, other) => {
    expect(formOf("list", "", one)).toBe(formOf("list", "", other));
  });

  test.each([
    ["application/json", "application/vnd.kubernetes.protobuf"],
    ["application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "application/json"],
    ["application/json;pretty=1", "application/json"],
  ])("Accept %p is not %p", (one, other) => {
    expect(formOf("list", "", one)).not.toBe(formOf("list", "", other));
  });

  test("what a person gets is what is asked for by pretty", () => {
    expect(formOf("get", "", "", true)).toBe(formOf("get", "pretty=true"));
    expect(formOf("get", "pretty=false", "", true)).toBe(formOf("get", ""));
  });
});
