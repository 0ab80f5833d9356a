import { describe, expect, test } from "bun:test";

import { createCertificate } from "../testing/certificate.ts";
import { claimOf } from "./credential-claim.ts";
import { noCredentialsYet } from "./credentials.ts";

const tls = { rejectUnauthorized: true };

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function jwt(payload: object): string {
  return `${part({ alg: "RS256" })}.${part(payload)}.c2ln`;
}

function byToken(token: string) {
  return claimOf({ server: "s", tls, authorization: `Bearer ${token}` });
}

function byCertificate(commonName: string) {
  const { cert } = createCertificate({ commonName });
  return claimOf({ server: "s", tls: { ...tls, cert }, authorization: undefined });
}

describe("claimOf", () => {
  test.each([
    ["a token of the same name", { iss: "i", sub: "a", exp: 2, jti: "2" }, true],
    ["of another", { iss: "i", sub: "b", exp: 1, jti: "1" }, false],
    ["of another issuer", { iss: "j", sub: "a", exp: 1, jti: "1" }, false],
  ])("%s", (_, payload, isSame) => {
    const [before, after] = [byToken(jwt({ iss: "i", sub: "a", exp: 1, jti: "1" })), jwt(payload)];
    expect(before?.is).toBe("named");
    expect(byToken(after)?.text === before?.text).toBe(isSame);
  });

  test.each(["abc", "a.b.c", jwt({ iss: "i" }), jwt([])])("%s says nothing", (token) => {
    expect(byToken(token)?.is).toBe("opaque");
  });

  test("a certificate says its name, whatever else comes with it anew", () => {
    expect(byCertificate("a")).toEqual(byCertificate("a"));
    expect(byCertificate("a")?.is).toBe("named");
    expect(byCertificate("a")).not.toEqual(byCertificate("b"));
  });

  test("nothing where none could be read, and nobody without any", () => {
    expect(claimOf(noCredentialsYet([], 0))).toBeUndefined();
    expect(claimOf({ server: "s", tls, authorization: undefined })?.is).toBe("named");
  });
});
