import { describe, expect, test } from "bun:test";

import { encodeContinue } from "../api/continue-token.ts";
import { parseListOptions } from "../api/list-options.ts";
import { decideGet, decideList, decideWatch } from "./decide.ts";

const token = encodeContinue("7", "a\0");
const inconsistent = encodeContinue("-1", "a\0");

describe("decideList", () => {
  test.each([
    // query                                               -> state, freshness or version, limit   (KUBERNETES.md 2)
    ["", "latest session 0"],
    ["limit=5", "latest session 5"],
    ["resourceVersion=0", "latest any 0"],
    ["resourceVersion=0&limit=5", "latest any 0"],
    ["resourceVersion=7", "latest at least 7 0"],
    ["resourceVersion=7&limit=5", "exactly 7 5"],
    ["resourceVersion=7&limit=5&resourceVersionMatch=NotOlderThan", "latest at least 7 5"],
    ["resourceVersion=0&resourceVersionMatch=NotOlderThan", "latest any 0"],
    ["resourceVersion=7&resourceVersionMatch=Exact", "exactly 7 0"],
    ["resourceVersion=7&limit=2&resourceVersionMatch=Exact", "exactly 7 2"],
    [`limit=5&continue=${token}`, "exactly 7 5 from a"],
    [`limit=5&continue=${inconsistent}`, "latest session 5 from a"],
    [`resourceVersion=0&limit=5&continue=${token}`, "exactly 7 5 from a"],
    ["resourceVersion=007", "upstream"],
  ])("%s: %s", (query, expected) => {
    const view = decideList(parseListOptions(query, "list"), "session", "");
    expect(view === undefined ? "upstream" : formatView(view)).toBe(expected);
  });

  const [name, namespace] = ["metadata.name%3D", "metadata.namespace%3D"];
  test.each([
    // namespace, selector                      -> how a version with a limit is read   (m, 1.37)
    ["ns", `${name}a`, "at least"],
    ["ns", `${name}a,${namespace}other`, "at least"],
    ["ns", `${name}A_B`, "at least"],
    ["ns", "metadata.name!%3Da", "exactly"],
    ["ns", name, "exactly"],
    ["ns", `${name}..`, "exactly"],
    ["ns", `${name}a%25`, "exactly"],
    ["", `${name}a`, "exactly"],
    ["", `${name}a,${namespace}ns`, "at least"],
    ["", `${name}a,${namespace}`, "exactly"],
    ["", `${name}a,${namespace}N_S`, "exactly"],
  ])("a version with a limit in %p of %p is read as %s", (place, selector, expected) => {
    const query = `resourceVersion=7&limit=5&fieldSelector=${selector}`;
    const view = decideList(parseListOptions(query, "list"), "session", place);
    expect(view?.state === "latest" ? view.freshness.kind : view?.state).toBe(expected as never);
    const exact = parseListOptions(`${query}&resourceVersionMatch=Exact`, "list");
    expect(decideList(exact, "session", place)?.state).toBe("exactly");
  });

  test.each(["exact", "any"] as const)(
    "reads the latest as %s when it is set so",
    (consistency) => {
      const view = decideList(parseListOptions("", "list"), consistency, "");
      expect(view).toMatchObject({ state: "latest", freshness: { kind: consistency } });
    },
  );
});

function formatView(view: NonNullable<ReturnType<typeof decideList>>): string {
  const from = view.startKey === "" ? "" : ` from ${view.startKey.replace("\0", "")}`;
  if (view.state === "exactly") return `exactly ${view.resourceVersion} ${view.limit}${from}`;
  const { freshness } = view;
  const fresh =
    freshness.kind === "at least" ? `at least ${freshness.resourceVersion}` : freshness.kind;
  return `latest ${fresh} ${view.limit}${from}`;
}

describe("decideGet", () => {
  test.each([
    ["", "session"],
    ["0", "any"],
    ["7", "at least"],
    ["x", undefined],
  ])("resourceVersion %p is %p", (version, expected) => {
    expect(decideGet(version, "session")?.kind).toBe(expected as never);
  });
});

describe("decideWatch", () => {
  const initial = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
  test.each([
    ["", "initial events", "session"],
    ["resourceVersion=0", "initial events", "any"],
    ["resourceVersion=7", "after", undefined],
    [initial, "initial events", "session"],
    [`${initial}&resourceVersion=7`, "initial events", "at least"],
    ["sendInitialEvents=false&resourceVersionMatch=NotOlderThan", "latest", "session"],
    [
      "sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=7",
      "after",
      undefined,
    ],
  ])("%s begins with %s", (query, begin, freshness) => {
    const view = decideWatch(parseListOptions(query, "watch"), "session");
    expect(view?.begin).toBe(begin as never);
    expect(view !== undefined && "freshness" in view ? view.freshness.kind : undefined).toBe(
      freshness as never,
    );
  });
});
