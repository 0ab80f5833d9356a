import { describe, expect, test } from "bun:test";

import { objectKey } from "../api/object-key.ts";
import { copyTo } from "../codec/codec.ts";
import { configMap } from "../testing/objects.ts";
import { SlabPacker } from "./slab.ts";
import { itemCost, Store } from "./store.ts";

function keys(store: Store, namespace = "", start = ""): readonly string[] {
  return [...store.items(namespace, start)].map(({ key }) => key);
}

describe("Store", () => {
  test("lists in the byte order of the whole key", () => {
    const items = [
      configMap({ namespace: "a", name: "x" }),
      configMap({ namespace: "a-b", name: "x" }),
      configMap({ namespace: "a", name: "x-1" }),
    ];
    expect(keys(Store.of(items))).toEqual(["a-b/x", "a/x", "a/x-1"]);
  });

  test("lists one namespace, and not those that begin like it", () => {
    const store = Store.of(
      ["a", "a-b", "ab", "a.c"].map((namespace) => configMap({ namespace, name: "x" })),
    );
    expect(keys(store, "a")).toEqual(["a/x"]);
  });

  test("lists from a key on", () => {
    const store = Store.of(["a", "b", "c"].map((name) => configMap({ namespace: "n", name })));
    expect(keys(store, "n", "n/a\0")).toEqual(["n/b", "n/c"]);
    expect(keys(store, "", "n/c")).toEqual(["n/c"]);
  });

  test("refuses a list that repeats a key", () => {
    expect(() => Store.of([configMap({ name: "a" }), configMap({ name: "a" })])).toThrow("repeats");
  });

  test("gives what it replaces and removes, and counts its bytes", () => {
    const store = Store.of([]);
    const first = configMap({ name: "a" });
    const second = configMap({ name: "a", resourceVersion: "2222" });
    expect(store.set(first)).toBeUndefined();
    expect(store.set(second)).toBe(first);
    expect(store.byteLength).toBe(itemCost(second));
    expect(store.delete(second.key)).toBe(second);
    expect(store.delete(second.key)).toBeUndefined();
    expect([store.size, store.byteLength]).toEqual([0, 0]);
  });

  test("a clone changes apart", () => {
    const store = Store.of([configMap({ name: "a" })]);
    const clone = store.clone();
    clone.delete(objectKey("default", "a"));
    expect([store.size, clone.size]).toEqual([1, 0]);
  });

  test("keeps its order through a thousand random changes", () => {
    const store = Store.of([]);
    const model = new Set<string>();
    let seed = 7;
    for (let round = 0; round < 1000; round++) {
      seed = (seed * 48_271) % 2_147_483_647;
      const item = configMap({ namespace: `n${seed % 3}`, name: `o${seed % 97}` });
      if (seed % 5 < 3) {
        store.set(item);
        model.add(item.key);
      } else {
        store.delete(item.key);
        model.delete(item.key);
      }
    }
    expect(keys(store)).toEqual([...model].toSorted());
  });

  test("gives up a shared buffer that is half empty, and keeps what is left of it", () => {
    const packer = new SlabPacker();
    const specs = Array.from({ length: 400 }, (_, at) => ({ name: `o${at}` }));
    const packed = specs.map((spec) => configMap(spec));
    const store = Store.of(
      packed.map((item) => item.withBytes(copyTo(packer.allocate, item.bytes))),
    );
    const buffers = () => new Set([...store.items()].map(({ bytes }) => bytes.buffer));
    expect(buffers().size).toBe(1);
    const [slab] = buffers();
    for (const { key } of packed.slice(0, 300)) store.delete(key);
    expect(buffers().has(slab as ArrayBuffer)).toBe(false);
    const left = [...store.items()].map(({ key, bytes }) => [key, bytes]);
    const expected = packed.slice(300).map(({ key, bytes }) => [key, bytes]);
    expect(left).toEqual(expected.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
  });
});
