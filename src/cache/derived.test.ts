import { describe, expect, test } from "bun:test";

import { configMap } from "../testing/objects.ts";
import { Derived } from "./derived.ts";
import { Store } from "./store.ts";

const made = () => new Uint8Array(100);

describe("Derived", () => {
  test("what is made of an item is made once for as long as it is as it was", () => {
    const bytes = new Derived().ofKind("a");
    const item = configMap({ name: "a", resourceVersion: "1" });
    const first = bytes.of(item, made);
    expect(bytes.of(item, made)).toBe(first);
    expect(bytes.of(configMap({ name: "a", resourceVersion: "2" }), made)).not.toBe(first);
  });

  test("its memory is counted, and given up with the items", () => {
    const derived = new Derived();
    const bytes = derived.ofKind("a");
    const items = Array.from({ length: 100 }, (_, at) => configMap({ name: `cm-${at}` }));
    for (const item of items) bytes.of(item, made);
    expect(derived.byteLength).toBe(100 * 300);
    for (const item of items) bytes.of(item, made);
    expect(derived.byteLength).toBe(100 * 300);
    bytes.prune(Store.of(items.slice(0, 10)));
    expect(derived.byteLength).toBe(10 * 300);
  });

  test("of the items' own bytes the place in it counts only", () => {
    const derived = new Derived();
    derived.ofKind("a").of(configMap({ name: "a" }), ({ bytes }) => bytes);
    expect(derived.byteLength).toBe(200);
  });

  test("of many kinds the least recently used are given up", () => {
    const derived = new Derived();
    const item = configMap({ name: "a" });
    const first = derived.ofKind("0").of(item, made);
    for (let kind = 1; kind < 9; kind++) derived.ofKind(`${kind}`).of(item, made);
    expect(derived.byteLength).toBe(8 * 300);
    expect(derived.ofKind("0").of(item, made)).not.toBe(first);
  });
});
