import { describe, expect, test } from "bun:test";

import { configMap, configMapBytes, jsonCodec, plain, protobufCodec } from "../testing/objects.ts";
import { StoredItem } from "./stored-item.ts";

describe.each([jsonCodec, protobufCodec])("an item as it was kept, in $format", (codec) => {
  test.each([
    { name: "a", namespace: "n", labels: { x: "y" }, resourceVersion: "7" },
    { name: "a.b", namespace: "", uid: "u".repeat(300) },
  ])("says what the object says: %p", (spec) => {
    const item = configMap(spec, codec);
    const read = (bytes: Uint8Array) => codec.readItem(bytes, []);
    expect(plain(new StoredItem(item, read))).toEqual(plain(item));
    const moved = new StoredItem(item, read).withBytes(item.bytes.slice());
    expect(plain(moved)).toEqual(plain(item));
    expect(moved.bytes).not.toBe(item.bytes);
  });

  test("is read once for what selects it, and not at all for its key, place and version", () => {
    let reads = 0;
    const read = (bytes: Uint8Array) => {
      reads++;
      return codec.readItem(bytes, []);
    };
    const bytes = configMapBytes(codec, { name: "a" });
    const item = new StoredItem({ ...configMap({ name: "a" }, codec), bytes }, read);
    const { key, namespace, name, resourceVersion } = item;
    expect(`${key} ${namespace} ${name} ${resourceVersion}`).toBe("default/a default a 1");
    expect(reads).toBe(0);
    expect([item.labels, item.fields, item.labels]).toEqual([{}, {}, {}]);
    expect(reads).toBe(1);
  });
});
