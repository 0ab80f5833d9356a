import { describe, expect, test } from "bun:test";

import { encodeContinue } from "../api/continue-token.ts";
import { sealContinue, withOpenContinue } from "./ruled-continue.ts";

const path = "/api/v1/pods";

describe("sealContinue", () => {
  test.each(["", "a", "x".repeat(127), "x".repeat(128), encodeContinue("7", "ns/skip-a\0")])(
    "%p is opened again",
    (token) => {
      const sealed = sealContinue(token);
      const opened = withOpenContinue(`${path}?limit=1&continue=${sealed}`);
      expect(opened).toBe(`${path}?limit=1&continue=${token}`);
    },
  );

  test("tells neither the token nor the length of a name", () => {
    const [a, b] = ["skip-a", "skip-a-longer"].map((name) =>
      sealContinue(encodeContinue("7", `${name}\0`)),
    );
    expect(a).toHaveLength(b?.length ?? 0);
    expect(Buffer.from(a ?? "", "base64url").includes("skip")).toBe(false);
  });
});

describe("withOpenContinue", () => {
  test.each([
    path,
    `${path}?continue=${encodeContinue("7", "a\0")}`,
    `${path}?labelSelector=edge-proxy.x`,
  ])("leaves %s as it is", (target) => {
    expect(withOpenContinue(target)).toBe(target);
  });

  const sealed = sealContinue("a");
  test.each([sealed.slice(0, -4), "edge-proxy.", "edge-proxy.AAAA"])(
    "refuses the seal %s as too old",
    (token) => {
      expect(() => withOpenContinue(`${path}?continue=${token}`)).toThrow("is too old");
    },
  );
});
