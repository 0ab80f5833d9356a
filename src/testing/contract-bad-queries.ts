import { describe, test } from "bun:test";

import { encodeContinue } from "../api/continue-token.ts";
import { type ContractTarget, expectStatus, type Loose } from "./contract-client.ts";
import { type Fixture, inNamespace } from "./contract-fixture.ts";

const invalid = (message: string) => ({
  reason: "Invalid",
  message: `ListOptions.meta.k8s.io "" is invalid: ${message}`,
  details: { group: "meta.k8s.io", kind: "ListOptions" },
});
const bad = (message: string) => ({ reason: "BadRequest", message });
const token = encodeContinue("5", "a\0");
const needsMatch =
  "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";

/** query, code, what the Status says (KUBERNETES.md 1; kube-apiserver 1.37). */
const refusedQueries: readonly (readonly [string, number, Loose])[] = [
  ["limit=x", 400, bad('strconv.ParseInt: parsing "x": invalid syntax')],
  ["timeoutSeconds=x", 400, bad('strconv.ParseInt: parsing "x": invalid syntax')],
  [
    "labelSelector=a%3D%3D%3Db",
    400,
    bad("unable to parse requirement: found '=', expected: identifier"),
  ],
  ["fieldSelector=foo", 400, bad("invalid selector: 'foo'; can't understand 'foo'")],
  [
    "fieldSelector=spec.x%3D1",
    400,
    bad('"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"'),
  ],
  [
    "timeout=foo",
    400,
    bad('invalid timeout specified in the request URL - time: invalid duration "foo"'),
  ],
  [
    "resourceVersion=junk",
    400,
    bad(
      'invalid resource version: resourceVersion: Invalid value: "junk": strconv.ParseUint: parsing "junk": invalid syntax',
    ),
  ],
  ["continue=junk", 400, { reason: "BadRequest" }],
  [
    `continue=${encodeContinue("0", "a\0")}`,
    400,
    bad(
      "invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
    ),
  ],
  [`continue=${encodeContinue("5", "../x\0")}`, 400, { reason: "BadRequest" }],
  [
    `continue=${token}&resourceVersion=5`,
    400,
    bad("specifying resource version is not allowed when using continue"),
  ],
  [
    "resourceVersionMatch=Exact",
    422,
    invalid(
      "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
    ),
  ],
  [
    "resourceVersionMatch=Foo&resourceVersion=1",
    422,
    invalid(
      'resourceVersionMatch: Unsupported value: "Foo": supported values: "Exact", "NotOlderThan", ""',
    ),
  ],
  [
    "resourceVersionMatch=Exact&resourceVersion=0",
    422,
    invalid(
      'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ),
  ],
  [
    `resourceVersionMatch=Exact&resourceVersion=5&continue=${token}`,
    422,
    invalid(
      "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided",
    ),
  ],
  [
    "sendInitialEvents=true",
    422,
    invalid("sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
  ],
  [
    "sendInitialEvents=false",
    422,
    invalid("sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
  ],
  ["watch=1&sendInitialEvents=true", 422, invalid(needsMatch)],
  ["watch=1&sendInitialEvents=false&resourceVersion=5", 422, invalid(needsMatch)],
  [
    "watch=1&resourceVersionMatch=NotOlderThan",
    422,
    invalid(
      "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    ),
  ],
  ["watch=1&resourceVersionMatch=Exact&sendInitialEvents=true", 422, { reason: "Invalid" }],
  [
    "watch=1&resourceVersion=junk",
    500,
    {
      message:
        'resourceVersion: Invalid value: "junk": strconv.ParseUint: parsing "junk": invalid syntax',
    },
  ],
  ["watch=1&timeoutSeconds=x", 400, { reason: "BadRequest" }],
];

/** What is refused for its query, and in which words. */
export function describeBadQueries(target: () => ContractTarget): void {
  const it = (name: string, run: (fixture: Fixture) => Promise<void>) =>
    test.concurrent(name, inNamespace(target, run), 30_000);

  describe("a bad query", () => {
    test.concurrent.each(refusedQueries.map((row) => [...row] as const))(
      "?%s is answered %i",
      (query, code, status) =>
        inNamespace(target, async (f) => {
          await f.warmUp();
          expectStatus(await f.call(`configmaps?${query}`), code, status);
        })(),
      30_000,
    );
    it("of a type with fields of its own is worded by that type", async (f) => {
      await f.warmUp("pods");
      const answer = await f.call("pods?fieldSelector=spec.foo%3D1");
      expectStatus(answer, 400, bad("field label not supported: spec.foo"));
    });
    it("with resourceVersion junk on a GET is a 500", async (f) => {
      await f.create("a");
      await f.warmUp();
      expectStatus(await f.call("configmaps/a?resourceVersion=junk"), 500, {
        message:
          'resourceVersion: Invalid value: "junk": strconv.ParseUint: parsing "junk": invalid syntax',
      });
    });
  });
}
