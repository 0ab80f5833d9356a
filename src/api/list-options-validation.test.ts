import { describe, expect, test } from "bun:test";

import { parseListOptions } from "./list-options.ts";

const rvm = "resourceVersionMatch";
const unless = `${rvm}: Forbidden: ${rvm} is forbidden unless resourceVersion is provided`;
const withContinue = `${rvm}: Forbidden: ${rvm} is forbidden when continue is provided`;
const zero = `${rvm}: Forbidden: ${rvm} "exact" is forbidden for resourceVersion "0"`;
const forList = "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list";
const requires = `${rvm}: Forbidden: sendInitialEvents requires setting ${rvm} to NotOlderThan`;
const forWatch = `${rvm}: Forbidden: ${rvm} is forbidden for watch unless sendInitialEvents is provided`;
const unsupported = (value: string) =>
  `${rvm}: Unsupported value: "${value}": supported values: "Exact", "NotOlderThan", ""`;
const unsupportedWatch = (value: string) =>
  `${rvm}: Unsupported value: "${value}": supported values: "NotOlderThan"`;

describe("validateListOptions", () => {
  // answers of kube-apiserver 1.37.2
  test.each([
    ["list", `${rvm}=Exact`, [unless]],
    ["list", `${rvm}=junk`, [unless, unsupported("junk")]],
    ["list", `${rvm}=exact&resourceVersion=1`, [unsupported("exact")]],
    ["list", `${rvm}=Exact&resourceVersion=0`, [zero]],
    ["list", `${rvm}=Exact&resourceVersion=5&continue=x`, [withContinue]],
    ["list", `${rvm}=Exact&continue=x`, [unless, withContinue]],
    ["list", `${rvm}=junk&continue=x`, [unless, withContinue, unsupported("junk")]],
    ["list", "sendInitialEvents=true", [forList]],
    ["list", "sendInitialEvents=", [forList]],
    ["list", `sendInitialEvents=0&${rvm}=NotOlderThan`, [unless, forList]],
    ["list", `sendInitialEvents=1&${rvm}=junk`, [unless, unsupported("junk"), forList]],
    [
      "list",
      `continue=x&sendInitialEvents=1&${rvm}=Exact&resourceVersion=0`,
      [withContinue, zero, forList],
    ],
    ["watch", "sendInitialEvents=true", [requires]],
    ["watch", "sendInitialEvents=false", [requires]],
    ["watch", `sendInitialEvents=1&${rvm}=Exact`, [requires, unsupportedWatch("Exact")]],
    ["watch", `sendInitialEvents=1&${rvm}=junk`, [requires, unsupportedWatch("junk")]],
    [
      "watch",
      `sendInitialEvents=1&${rvm}=Exact&continue=x`,
      [requires, unsupportedWatch("Exact"), withContinue],
    ],
    ["watch", `${rvm}=Exact`, [forWatch, unsupportedWatch("Exact")]],
    ["watch", `${rvm}=NotOlderThan&resourceVersion=5`, [forWatch]],
    ["watch", `${rvm}=NotOlderThan&continue=x`, [forWatch, withContinue]],
    ["watch", "continue=x", [withContinue]],
    ["watch", `sendInitialEvents=1&${rvm}=NotOlderThan&continue=x`, [withContinue]],
  ] as const)("%s?%s", (verb, query, reasons) => {
    const shown = reasons.length === 1 ? reasons[0] : `[${reasons.join(", ")}]`;
    expect(() => parseListOptions(query, verb)).toThrow(
      expect.objectContaining({
        status: expect.objectContaining({
          code: 422,
          message: `ListOptions.meta.k8s.io "" is invalid: ${shown}`,
          details: {
            group: "meta.k8s.io",
            kind: "ListOptions",
            causes: reasons.map((reason) => ({
              reason: reason.includes("Unsupported")
                ? "FieldValueNotSupported"
                : "FieldValueForbidden",
              message: reason.slice(reason.indexOf(": ") + 2),
              field: reason.slice(0, reason.indexOf(": ")),
            })),
          },
        }),
      }),
    );
  });
});
