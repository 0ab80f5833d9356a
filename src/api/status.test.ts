import { describe, expect, test } from "bun:test";

import {
  badRequest,
  expired,
  formatStatus,
  invalidListOptions,
  notFound,
  serviceUnavailable,
  StatusError,
  timeout,
  tooLargeResourceVersion,
  tooManyRequests,
  unauthorized,
  unclassified,
} from "./status.ts";

const missing = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided";
const failure = '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",';

describe("formatStatus", () => {
  // the bytes of kube-apiserver 1.37.2 and 1.33.13, but for the kind that a timeout lacks there
  test.each([
    [
      notFound("", "configmaps", "zz"),
      '"message":"configmaps \\"zz\\" not found","reason":"NotFound","details":{"name":"zz","kind":"configmaps"},"code":404}',
    ],
    [
      notFound("apps", "deployments", "zz"),
      '"message":"deployments.apps \\"zz\\" not found","reason":"NotFound","details":{"name":"zz","group":"apps","kind":"deployments"},"code":404}',
    ],
    [
      notFound("", "configmaps", 'a<b"'),
      String.raw`"message":"configmaps \"a\u003cb\\\"\" not found","reason":"NotFound","details":{"name":"a\u003cb\"","kind":"configmaps"},"code":404}`,
    ],
    [
      notFound("", "configmaps", "a\u2028b"),
      String.raw`"message":"configmaps \"a\\u2028b\" not found","reason":"NotFound","details":{"name":"a\u2028b","kind":"configmaps"},"code":404}`,
    ],
    [
      badRequest('<nil>: Invalid value: "&"'),
      String.raw`"message":"\u003cnil\u003e: Invalid value: \"\u0026\"","reason":"BadRequest","code":400}`,
    ],
    [
      expired("too old resource version: 1 (959)"),
      '"message":"too old resource version: 1 (959)","reason":"Expired","code":410}',
    ],
    [
      invalidListOptions(`resourceVersionMatch: ${missing}`, [
        { reason: "FieldValueForbidden", message: missing, field: "resourceVersionMatch" },
      ]),
      `"message":"ListOptions.meta.k8s.io \\"\\" is invalid: resourceVersionMatch: ${missing}","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"ListOptions","causes":[{"reason":"FieldValueForbidden","message":"${missing}","field":"resourceVersionMatch"}]},"code":422}`,
    ],
    [
      tooLargeResourceVersion("999999", "1041"),
      '"message":"Timeout: Too large resource version: 999999, current: 1041","reason":"Timeout","details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1},"code":504}',
    ],
    [unauthorized("Unauthorized"), '"message":"Unauthorized","reason":"Unauthorized","code":401}'],
    [unclassified("no number"), '"message":"no number","code":500}'],
    [
      timeout("request did not complete within the allotted timeout"),
      '"message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}',
    ],
  ])("%s", (error, rest) => {
    expect(formatStatus(error.status)).toBe(failure + rest);
  });
});

describe("StatusError", () => {
  test("is an Error with the Status, its message and its cause", () => {
    const cause = new Error("refused");
    const error = serviceUnavailable("upstream is unreachable", cause);
    expect(error).toBeInstanceOf(StatusError);
    expect(error.message).toBe("upstream is unreachable");
    expect(error.cause).toBe(cause);
    expect(error.status.details).toBeUndefined();
  });

  test("tooManyRequests says how long to wait", () => {
    expect(tooManyRequests("storage is (re)initializing", 1).status.details).toEqual({
      retryAfterSeconds: 1,
    });
  });
});
