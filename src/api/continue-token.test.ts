import { describe, expect, test } from "bun:test";

import { decodeContinue, encodeContinue } from "./continue-token.ts";

const token = (text: string | Uint8Array): string => Buffer.from(text).toString("base64url");
const v1 = (rest: string): string => token(`{"v":"meta.k8s.io/v1",${rest}}`);

describe("encodeContinue", () => {
  test("writes the bytes of kube-apiserver 1.37", () => {
    expect(encodeContinue("408", "cm-1\0")).toBe(
      "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NDA4LCJzdGFydCI6Ii9jbS0xXHUwMDAwIn0",
    );
  });

  test.each([
    ["408", "cm-1\0"],
    ["9007199254740993", "ns/cm-1\0"],
    ["-1", "cm-1\0"],
  ])("%s, %j is read back", (resourceVersion, startKey) => {
    expect(decodeContinue(encodeContinue(resourceVersion, startKey))).toEqual({
      resourceVersion,
      startKey,
    });
  });
});

describe("decodeContinue", () => {
  test.each([
    [v1('"rv":650,"start":"/cm-2\\u0000"'), "650", "cm-2\0"],
    [v1('"rv":650,"start":"cm-2\\u0000"'), "650", "cm-2\0"],
    [v1('"rv":650,"start":"ns/cm-2"'), "650", "ns/cm-2"],
    [v1('"rv":650,"start":"/"'), "650", ""],
    [v1('"rv":-1,"start":"a"'), "-1", "a"],
    [v1('"rv":-2,"start":"a"'), "-1", "a"],
    [token(' {"V":"meta.k8s.io/v1","RV":408,"Start":"/a","x":[1]} '), "408", "a"],
    [v1('"rv":1,"start":"a"').replace(/^.../, "$&\r\n"), "1", "a"],
  ])("%s", (text, resourceVersion, startKey) => {
    expect(decodeContinue(text)).toEqual({ resourceVersion, startKey });
  });

  // answers of kube-apiserver 1.37.2 and 1.33.13
  test.each([
    ["a", "illegal base64 data at input byte 0"],
    ["ab=", "illegal base64 data at input byte 2"],
    ["$$", "illegal base64 data at input byte 0"],
    ["AA.A", "illegal base64 data at input byte 2"],
    ["aaaaa", "illegal base64 data at input byte 4"],
    ["eyJ2", "unexpected end of JSON input"],
    [token('{"rv":1'), "unexpected end of JSON input"],
    ["junk", "invalid character '\\u008e' looking for beginning of value"],
    [token("x"), "invalid character 'x' looking for beginning of value"],
    [token("[]"), "json: cannot unmarshal array into Go value of type storage.continueToken"],
    [token("1"), "json: cannot unmarshal number into Go value of type storage.continueToken"],
    [token('"a"'), "json: cannot unmarshal string into Go value of type storage.continueToken"],
    [token("true"), "json: cannot unmarshal bool into Go value of type storage.continueToken"],
    [token("null"), "server does not recognize this encoded version "],
    [token("{}"), "server does not recognize this encoded version "],
    ["e31", "server does not recognize this encoded version "],
    [token('{"v":"x","rv":1,"start":"a"}'), "server does not recognize this encoded version x"],
    [
      token('{"v":1}'),
      "json: cannot unmarshal number into Go struct field continueToken.v of type string",
    ],
    [
      token('{"rv":"1"}'),
      "json: cannot unmarshal string into Go struct field continueToken.rv of type int64",
    ],
    [
      token('{"rv":1.5}'),
      "json: cannot unmarshal number 1.5 into Go struct field continueToken.rv of type int64",
    ],
    [
      v1('"rv":99999999999999999999,"start":"a"'),
      "json: cannot unmarshal number 99999999999999999999 into Go struct field continueToken.rv of type int64",
    ],
    [
      v1('"rv":1e2,"start":"a"'),
      "json: cannot unmarshal number 1e2 into Go struct field continueToken.rv of type int64",
    ],
    [v1('"x":0'), "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"],
    [v1('"rv":1'), "encoded start key empty (version meta.k8s.io/v1)"],
    [v1('"rv":410,"start":"../a"'), "../a"],
    [v1('"rv":410,"start":"a//b"'), "a//b"],
    [v1('"rv":410,"start":"a/"'), "a/"],
    [v1('"rv":410,"start":"/a/./b"'), "/a/./b"],
  ])("%s is refused", (text, why) => {
    const message = `invalid continue token: continue key is not valid: ${why}`;
    expect(() => decodeContinue(text)).toThrow(
      expect.objectContaining({ status: expect.objectContaining({ code: 400, message }) }),
    );
  });
});
