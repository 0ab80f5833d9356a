import { describe, expect, test } from "bun:test";

import { StatusError } from "../api/status.ts";
import { isHost, parseHeaderBlock, parseRequestLine } from "./head.ts";

const codeOf = (result: unknown) => (result instanceof StatusError ? result.status.code : 200);

describe("parseRequestLine", () => {
  test.each([
    // line                                      -> target, authority, version
    ["GET / HTTP/1.1", "/", undefined, "1.1"],
    ["GET /api/v1/pods?watch=1 HTTP/1.0", "/api/v1/pods?watch=1", undefined, "1.0"],
    ["GET //a//b/ HTTP/1.1", "//a//b/", undefined, "1.1"],
    ["GET /a/...?x=/../..&y=\\ HTTP/1.1", "/a/...?x=/../..&y=\\", undefined, "1.1"],
    ["GET /a%2f..%2Fb HTTP/1.1", "/a%2f..%2Fb", undefined, "1.1"],
    ["GET /a/[]^|'!$&()~\"<>{} HTTP/1.1", "/a/[]^|'!$&()~\"<>{}", undefined, "1.1"],
    ["GET /\xc3\xbc HTTP/1.1", "/\xc3\xbc", undefined, "1.1"],
    ["GET http://evil.example/api HTTP/1.1", "/api", "evil.example", "1.1"],
    ["GET HTTP://evil.example:80?x HTTP/1.1", "/?x", "evil.example:80", "1.1"],
    ["GET https://[::1]:1/a HTTP/1.1", "/a", "[::1]:1", "1.1"],
    ["M-SEARCH /a HTTP/1.1", "/a", undefined, "1.1"],
  ] as const)("%p is read as it was sent", (line, target, authority, version) => {
    const read = parseRequestLine(line);
    expect(read).toMatchObject({ target, version });
    expect((read as { authority?: string }).authority).toBe(authority);
  });

  test.each([
    ["", 400],
    ["GET", 400],
    ["GET /", 400],
    ["GET  HTTP/1.1", 400],
    ["GET /a b HTTP/1.1", 400],
    ["GET /a\tb HTTP/1.1", 400],
    ["GET /a\x00 HTTP/1.1", 400],
    ["GET /a\x7f HTTP/1.1", 400],
    ["G(T / HTTP/1.1", 400],
    [`${"G".repeat(33)} / HTTP/1.1`, 400],
    ["GET / http/1.1", 400],
    ["GET / HTTP/1.2", 505],
    ["GET / HTTP/2.0", 505],
    ["CONNECT x:7 HTTP/1.1", 400],
    ["CONNECT / HTTP/1.1", 400],
    ["OPTIONS * HTTP/1.1", 400],
    ["GET api HTTP/1.1", 400],
    ["GET ftp://a/b HTTP/1.1", 400],
    ["GET http://a b/ HTTP/1.1", 400],
    ["GET http://a:99999/ HTTP/1.1", 400],
    ["GET http://user@a/ HTTP/1.1", 400],
    ["GET /a/.. HTTP/1.1", 400],
    ["GET /a/../b HTTP/1.1", 400],
    ["GET /a/./b?x HTTP/1.1", 400],
    ["GET /a/%2e%2E/b HTTP/1.1", 400],
    ["GET /a/.%2e HTTP/1.1", 400],
    ["GET /. HTTP/1.1", 400],
    ["GET /a\\b HTTP/1.1", 400],
    ["GET /a#b HTTP/1.1", 400],
    ["GET /a?b#c HTTP/1.1", 400],
    ["GET http://a/b/../c HTTP/1.1", 400],
    ["GET http://a\\@b/c HTTP/1.1", 400],
  ])("%p is refused with %d", (line, code) => {
    expect(codeOf(parseRequestLine(line))).toBe(code);
  });
});

function block(...lines: readonly string[]) {
  return parseHeaderBlock(lines.map((line) => `${line}\r\n`).join(""));
}

describe("parseHeaderBlock", () => {
  test("keeps names in lower case, values without their blanks, order and repeats", () => {
    expect(
      block("Host: a", "X-A:  b c \t", "x-a:", "Impersonate-Group: g1", "Impersonate-Group: g2"),
    ).toMatchObject({
      fields: [
        "host",
        "a",
        "x-a",
        "b c",
        "x-a",
        "",
        "impersonate-group",
        "g1",
        "impersonate-group",
        "g2",
      ],
      host: "a",
      framing: { is: "none" },
      upgrade: undefined,
      connection: undefined,
    });
  });

  test.each([
    [["Content-Length: 3"], { is: "length", bytes: 3 }],
    [["Content-Length: 3", "Content-Length: 3"], { is: "length", bytes: 3 }],
    [["Content-Length: 3, 3"], { is: "length", bytes: 3 }],
    [["Content-Length: 0"], { is: "none" }],
    [["Transfer-Encoding: Chunked"], { is: "chunked" }],
  ])("%p: %p", (lines, framing) => {
    expect(block(...lines)).toMatchObject({ framing });
  });

  test.each([
    [["Connection: Upgrade", "Upgrade: websocket"], "websocket"],
    [["Connection: keep-alive, upgrade", "Upgrade: WebSocket"], "websocket"],
    [["Connection: Upgrade", "Upgrade: SPDY/3.1"], "spdy"],
    [["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"], undefined],
    [["Connection: Upgrade", "Upgrade: websocket, h2c"], undefined],
    [["Upgrade: websocket"], undefined],
    [["Connection: Upgrade"], undefined],
  ])("%p upgrades to %p", (lines, upgrade) => {
    expect((block(...lines) as { upgrade?: string }).upgrade).toBe(upgrade as never);
  });

  test("leaves out what the Connection header names", () => {
    const read = block(
      "Connection: accept, Close",
      "Accept: a",
      "Connection: X-B",
      "x-b: c",
      "Y: z",
    );
    expect(read).toMatchObject({
      fields: ["connection", "accept, Close", "connection", "X-B", "y", "z"],
      connection: "close",
    });
  });

  test.each([
    [["no colon"], 400],
    [[": a"], 400],
    [["a : b"], 400],
    [[" a: b"], 400],
    [["a: b", " folded"], 400],
    [["a: \x00"], 400],
    [["a: b\nc: d"], 400],
    [["a: b\rc: d"], 400],
    [["a\x0b: b"], 400],
    [["Content-Length: 3", "Content-Length: 4"], 400],
    [["Content-Length: 3, 4"], 400],
    [["Content-Length: +3"], 400],
    [["Content-Length: -1"], 400],
    [["Content-Length: 0x3"], 400],
    [["Content-Length:"], 400],
    [["Content-Length: 9999999999999999"], 400],
    [["Content-Length: 3", "Transfer-Encoding: chunked"], 400],
    [["Transfer-Encoding: chunked", "Content-Length: 3"], 400],
    [["Transfer-Encoding: gzip, chunked"], 501],
    [["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], 501],
    [["Transfer-Encoding: identity"], 501],
    [["Transfer-Encoding: xchunked"], 501],
    [["Host: a", "Host: a"], 400],
    [["Host: a b"], 400],
    [["Host: ["], 400],
    [["Host: 127.0.0.1:99999"], 400],
  ])("%p is refused with %d", (lines, code) => {
    expect(codeOf(block(...lines))).toBe(code);
  });
});

describe("isHost", () => {
  test.each([
    ["", true],
    ["localhost", true],
    ["LOCALHOST:80", true],
    ["127.0.0.1:65535", true],
    ["[::1]:443", true],
    ["a:", true],
    [":", true],
    ["a:65536", false],
    ["a:b", false],
    ["[::1", false],
    ["::1", false],
    ["a/b", false],
    ["user@a", false],
    ["a\\b", false],
  ])("%p: %p", (text, is) => {
    expect(isHost(text)).toBe(is);
  });
});
