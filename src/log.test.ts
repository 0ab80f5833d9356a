import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { configureLog, log, type LogOptions } from "./log.ts";
import { createCertificate } from "./testing/certificate.ts";

let lines: string[] = [];

function configure(options: Partial<LogOptions> = {}): void {
  configureLog({ format: "text", verbosity: 0, write: (line) => lines.push(line), ...options });
}

beforeEach(() => {
  lines = [];
  configure();
});
afterEach(() => configureLog({ format: "text", verbosity: 0 }));

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe("log", () => {
  test("an entry is one line: time, level, message, fields", () => {
    log.warn("upstream is gone", {
      server: "https://h:1",
      tries: 3,
      because: 'no "route"',
      not: undefined,
    });
    const [at, ...rest] = lines[0]!.split(" ");
    expect(at).toMatch(time);
    expect(rest.join(" ")).toBe(
      'WARN  upstream is gone server=https://h:1 tries=3 because="no \\"route\\""',
    );
  });

  test("as JSON it is one object", () => {
    configure({ format: "json" });
    log.error("failed", { error: new Error("broken"), tries: 3 });
    const { time: at, ...entry } = JSON.parse(lines[0]!);
    expect(at).toMatch(time);
    expect(entry).toEqual({ level: "error", message: "failed", error: "broken", tries: 3 });
  });

  test("debug entries come from --v 1 on", () => {
    log.debug("quiet");
    configure({ verbosity: 1 });
    log.debug("loud");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("DEBUG loud");
  });

  test("info, warnings and errors come at any level", () => {
    log.info("a");
    log.warn("b");
    log.error("c");
    expect(lines.map((line) => line.split(" ")[1])).toEqual(["INFO", "WARN", "ERROR"]);
  });

  test("where an error comes from is shown from --v 4 on", () => {
    log.error("x", { error: new Error("broken") });
    configure({ verbosity: 4 });
    log.error("x", { error: new Error("broken") });
    expect(lines[0]).not.toContain("log.test.ts");
    expect(lines[1]).toContain("log.test.ts");
  });

  test("a message or field cannot begin an entry of its own", () => {
    log.warn("a\n2026-01-01T00:00:00Z ERROR b\u001B[2J", { field: "c\nd" });
    expect(lines).toHaveLength(1);
    expect(["\n", "\u001B"].some((control) => lines[0]!.includes(control))).toBe(false);
  });

  test("a field that no JSON can hold does no harm", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    log.warn("odd", { cycle, big: 5n, missing: null });
    expect(lines[0]).toEndWith("odd cycle=object big=bigint missing=null");
  });

  test("equal entries are not swallowed", () => {
    for (let count = 0; count < 20; count++) log.warn("again");
    expect(lines).toHaveLength(20);
  });
});

const { cert, key } = createCertificate();
const jwt = "eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl";

describe("secrets", () => {
  const forms: [string, string, string][] = [
    ["a bearer token", `Authorization: Bearer s3cr3t-token/+=`, "s3cr3t"],
    ["a basic password", `authorization: Basic czNjcjN0Og==`, "czNjcjN0"],
    ["a JWT by itself", `token was ${jwt}`, "c2lnbmF0dXJl"],
    [
      "a WebSocket's token",
      "base64url.bearer.authorization.k8s.io.czNjcjN0, v5.channel.k8s.io",
      "czNjcjN0",
    ],
    ["a token in a query", "GET /x?access_token=s3cr3t&y=1", "s3cr3t"],
    ["a token in JSON", '{"token":"s3cr3t"}', "s3cr3t"],
    ["a password in a URL", "https://user:s3cr3t@host/", "s3cr3t"],
    ["a key", `key ${key}`, key.split("\n")[1]!],
    ["a certificate", cert, cert.split("\n")[1]!],
    ["a key cut short", key.slice(0, 100), key.split("\n")[1]!.slice(0, 20)],
    ["a key in JSON", JSON.stringify({ a: key }), key.split("\n")[1]!],
    [
      "a key in base64",
      Buffer.from(key).toString("base64"),
      Buffer.from(key).toString("base64").slice(40, 80),
    ],
  ];

  test.each(forms)("%s never comes out", (_, text, secret) => {
    for (const format of ["text", "json"] as const) {
      configure({ format, verbosity: 10 });
      log.debug(text);
      log.info("x", { said: text });
      log.warn("x", { error: new Error(text) });
      log.error("x", { nested: { deep: [text] } });
    }
    expect(lines).toHaveLength(8);
    expect(lines.join("\n")).not.toContain(secret);
    expect(lines.every((line) => line.includes("[redacted]"))).toBe(true);
  });

  test("a file that is named for a secret is named", () => {
    log.warn("/var/run/secrets/token: no such file");
    expect(lines[0]).toEndWith("/var/run/secrets/token: no such file");
  });

  test("a field that is named for a secret is not shown at all", () => {
    log.info("x", { authorization: "anything", clientToken: "anything", password: "anything" });
    expect(lines[0]).not.toContain("anything");
  });
});
