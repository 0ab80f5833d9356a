import { describe, expect, test } from "bun:test";

import { StatusError } from "../api/status.ts";
import { guard } from "./guard.ts";
import { readHead } from "./request-head.ts";

const acceptHosts = [/^localhost$/, /^127\.0\.0\.1$/, /^\[::1\]$/];

describe("guard", () => {
  test.each([
    // headers                                                                        lends  -> identity or code
    [{ host: "127.0.0.1:10261" }, true, "own"],
    [{ host: "localhost" }, true, "own"],
    [{ host: "[::1]:10261" }, true, "own"],
    [{ host: "evil.example:10261" }, true, 403],
    [{ host: "127.0.0.1.evil.example" }, true, 403],
    [{}, true, 403],
    [{ host: "localhost", origin: "http://localhost:8080" }, true, "own"],
    [{ host: "localhost", origin: "https://evil.example" }, true, 403],
    [{ host: "localhost", origin: "null" }, true, 403],
    [{ host: "evil.example", authorization: "Bearer x" }, true, "caller"],
    [{ host: "localhost", "impersonate-user": "alice" }, true, "caller"],
    [{ host: "localhost", "impersonate-extra-scope": "x" }, true, "caller"],
    [
      {
        host: "localhost",
        "sec-websocket-protocol": "v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.eA",
      },
      true,
      "caller",
    ],
    [{ host: "localhost" }, false, 401],
    [{ host: "localhost", authorization: "Bearer x" }, false, "caller"],
  ])("%p on a listener that lends: %p is %p", (headers, lendsIdentity, expected) => {
    const result = guard(readHead(new Headers(headers)), { acceptHosts, lendsIdentity });
    expect(result instanceof StatusError ? result.status.code : result).toBe(expected as never);
  });
});
