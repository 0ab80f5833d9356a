import { describe, expect, test } from "bun:test";

import { parseResourceVersion } from "../api/resource-version.ts";
import { jsonCodec } from "../codec/json-codec.ts";
import { configMap } from "../testing/objects.ts";
import { difference } from "./shield.ts";
import { Store } from "./store.ts";

/** `a@3` is an object named a at version 3, `a:x@3` one with the uid x. */
function state(at: number, objects: readonly string[]) {
  const items = objects.map((text) => {
    const [, name = "", uid = name, resourceVersion = ""] =
      /^(\w+)(?::(\w+))?@(\d+)$/.exec(text) ?? [];
    return configMap({ name, uid, resourceVersion });
  });
  return { store: Store.of(items), resourceVersion: parseResourceVersion(String(at)) };
}

describe("difference", () => {
  test.each([
    // held at, objects         listed at, objects          the events, or why there are none
    [10, ["a@3"], 20, ["a@3"], []],
    [10, ["a@3"], 20, ["a@15"], ["MODIFIED a@15 of a@3"]],
    [10, [], 20, ["a@15"], ["ADDED a@15"]],
    [10, ["a@3"], 20, [], ["DELETED a@11 of a@3"]],
    [10, ["a@3"], 20, ["b@11"], ["ADDED b@11", "DELETED a@12 of a@3"]],
    [
      10,
      ["a@3", "b@4"],
      20,
      ["c@12"],
      ["DELETED a@11 of a@3", "ADDED c@12", "DELETED b@13 of b@4"],
    ],
    [10, ["a:x@3"], 20, ["a:y@15"], ["DELETED a@11 of a@3", "ADDED a@15"]],
    [
      10,
      ["a@3", "b:x@4"],
      20,
      ["b:y@12"],
      ["DELETED b@11 of b@4", "ADDED b@12", "DELETED a@13 of a@3"],
    ],
    [10, ["a@3"], 10, ["a@3"], []],
    [10, ["a:x@3"], 20, ["a:y@11"], "no version left"],
    [10, ["a@3", "b@4"], 12, [], "no version left"],
    [10, ["a@3"], 11, [], "no version left"],
    [10, ["a@3"], 9, ["a@3"], "older than what is held"],
    [10, ["a@3"], 20, ["a@3", "b@7"], "of another history"],
    [10, ["a@3"], 20, ["a@5"], "of another history"],
    [10, ["a@3"], 20, ["a@25"], "of another history"],
  ])("from %p %p to %p %p: %p", (from, held, to, listed, expected) => {
    const answer = difference(state(from, held), state(to, listed), (item, version) =>
      jsonCodec.readItem(jsonCodec.withResourceVersion(item.bytes, version), []),
    );
    if (answer.is !== "bridged") {
      const isAnother = expected !== "no version left";
      expect(answer.is).toBe(isAnother ? "another history" : "not bridged");
      return expect(answer.why).toContain(String(expected));
    }
    const shown = ({ name, resourceVersion }: (typeof answer.events)[number]["item"]) =>
      `${name}@${resourceVersion}`;
    const told = answer.events.map(({ type, item, previous }) =>
      previous === undefined
        ? `${type} ${shown(item)}`
        : `${type} ${shown(item)} of ${shown(previous)}`,
    );
    expect(told).toEqual(expected as string[]);
  });
});
