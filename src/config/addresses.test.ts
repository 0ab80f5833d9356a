import { describe, expect, test } from "bun:test";

import { formatAddress, parseAddress, parseOptionalAddress, parseServerUrl } from "./addresses.ts";

describe("parseAddress", () => {
  test.each([
    ["127.0.0.1:10261", "127.0.0.1", 10_261],
    ["localhost:0", "localhost", 0],
    ["[::1]:10261", "::1", 10_261],
    [":10261", "::", 10_261],
    ["node-1.example:65535", "node-1.example", 65_535],
  ])("%s is host %s, port %d", (text, hostname, port) => {
    expect(parseAddress(text)).toEqual({ hostname, port });
  });

  test.each([
    "",
    "10261",
    "127.0.0.1",
    "127.0.0.1:",
    "1:2:3",
    "::1:80",
    "h:65536",
    "h:-1",
    "h:x",
    "http://h:1",
    "a b:1",
  ])("%p is refused", (text) => {
    expect(() => parseAddress(text)).toThrow("is no address; write it as 127.0.0.1:10261");
  });

  test("off and 0 are no address where none may be", () => {
    expect(parseOptionalAddress("off")).toBeUndefined();
    expect(parseOptionalAddress("0")).toBeUndefined();
    expect(parseOptionalAddress("[::1]:1")).toEqual({ hostname: "::1", port: 1 });
  });

  test("an IPv6 address is written with brackets", () => {
    expect(formatAddress({ hostname: "::1", port: 1 })).toBe("[::1]:1");
    expect(formatAddress({ hostname: "127.0.0.1", port: 1 })).toBe("127.0.0.1:1");
  });
});

describe("parseServerUrl", () => {
  test.each([
    ["https://10.0.0.1:6443", "https://10.0.0.1:6443"],
    ["https://10.0.0.1:6443/", "https://10.0.0.1:6443"],
    ["https://host", "https://host"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["https://rancher.example/k8s/clusters/c-1/", "https://rancher.example/k8s/clusters/c-1"],
    ["https://[::1]:6443", "https://[::1]:6443"],
  ])("%s is %s", (text, server) => {
    expect(parseServerUrl(text)).toBe(server);
  });

  test.each([
    "",
    "10.0.0.1:6443",
    "host",
    "ftp://host",
    "https://",
    "https:///x",
    "https://h:99999",
    "https://u:p@h",
    "https://h?x=1",
    "https://h#x",
  ])("%p is refused", (text) => {
    expect(() => parseServerUrl(text)).toThrow("write it as https://host:6443");
  });
});
