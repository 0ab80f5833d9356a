import { describe, expect, test } from "bun:test";

import { flags } from "./config/flags.ts";
import { helpText } from "./help.ts";

describe("helpText", () => {
  test("every flag is in it once, under a group", () => {
    const lines = helpText("1.2.3").split("\n");
    for (const { name } of flags) {
      expect(
        lines.filter((line) => line.startsWith(`  --${name} `) || line === `  --${name}`),
      ).toHaveLength(1);
    }
  });

  test("it gives version, defaults, environment and exit codes", () => {
    const text = helpText("1.2.3");
    expect(text).toStartWith("edge-proxy 1.2.3: ");
    expect(text).toContain("[127.0.0.1:10261]");
    expect(text).toContain("KUBECONFIG");
    expect(text).toContain("Exit codes:");
  });
});
