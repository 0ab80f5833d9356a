import { describe, expect, test } from "bun:test";

import { StatusError } from "../api/status.ts";
import { type HeaderBlock, parseHeaderBlock } from "../http/head.ts";
import { guard } from "./guard.ts";
import { readHead } from "./request-head.ts";

const acceptHosts = [/^localhost$/, /^127\.0\.0\.1$/, /^\[::1\]$/];

function blockOf(headers: Readonly<Record<string, string>>): HeaderBlock {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const block = parseHeaderBlock(lines.join(""));
  if (block instanceof StatusError) throw block;
  return block;
}

describe("guard", () => {
  test.each([
    // headers                                                                        lends  -> caller or code
    [{ host: "127.0.0.1:10261" }, true, "node"],
    [{ host: "localhost" }, true, "node"],
    [{ host: "[::1]:10261" }, true, "node"],
    [{ host: "evil.example:10261" }, true, 403],
    [{ host: "127.0.0.1.evil.example" }, true, 403],
    [{}, true, 403],
    [{ host: "localhost", origin: "http://localhost:8080" }, true, "node"],
    [{ host: "localhost", origin: "https://evil.example" }, true, 403],
    [{ host: "localhost", origin: "null" }, true, 403],
    [{ host: "evil.example", authorization: "Bearer x" }, true, "itself"],
    [{ host: "localhost", "impersonate-user": "alice" }, true, "impersonator"],
    [{ host: "localhost", "impersonate-extra-scope": "x" }, true, "impersonator"],
    [{ host: "localhost", "impersonate-user": "" }, true, "node"],
    [{ host: "localhost", "impersonate-user": "a", authorization: "Bearer x" }, true, "itself"],
    [{ host: "LocalHost:80" }, true, "node"],
    [{ host: "localhost", "sec-fetch-site": "none" }, true, "node"],
    [{ host: "localhost", "sec-fetch-site": "same-origin" }, true, "node"],
    [{ host: "localhost", "sec-fetch-site": "cross-site" }, true, 403],
    [{ host: "localhost", "sec-fetch-site": "Same-Site" }, true, 403],
    [{ host: "localhost", "sec-fetch-site": "" }, true, 403],
    [{ host: "localhost", connection: "authorization", authorization: "x" }, true, "node"],
    [{ host: "localhost", connection: "impersonate-user", "impersonate-user": "a" }, true, "node"],
    [
      {
        host: "localhost",
        "sec-websocket-protocol": "v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.eA",
      },
      true,
      "itself",
    ],
    [{ host: "localhost" }, false, 401],
    [{ host: "localhost", authorization: "Bearer x" }, false, "itself"],
  ])("%p on a listener that lends: %p is %p", (headers, lendsIdentity, expected) => {
    const block = blockOf(headers);
    const host = block.host ?? "";
    const result = guard(readHead(block), { host, acceptHosts, lendsIdentity });
    expect(result instanceof StatusError ? result.status.code : result).toBe(expected as never);
  });
});
