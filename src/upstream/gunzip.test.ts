import { describe, expect, test } from "bun:test";

import { gunzip, isLongGzip, maxUnpackedBytes } from "./gunzip.ts";

/** A gzip body that claims another length than it has. */
function claiming(length: number, plain: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(Bun.gzipSync(plain as Uint8Array<ArrayBuffer>, { level: 9 }));
  new DataView(bytes.buffer).setUint32(bytes.length - 4, length, true);
  return bytes;
}

const noise = () => crypto.getRandomValues(new Uint8Array(1 << 16));
/** Zeros behind what does not compress: too long for the quick way. */
const long = (zeros: number) => Buffer.concat([noise(), new Uint8Array(zeros)]);

describe("gunzip", () => {
  test.each([0, 1, 5000, 1 << 20])("unpacks %d bytes", (length) => {
    const plain = new Uint8Array(length).fill(65);
    expect(Buffer.compare(gunzip(Bun.gzipSync(plain)), plain)).toBe(0);
  });

  test("unpacks what is long when it is packed", () => {
    const plain = long(1 << 20);
    expect(Buffer.compare(gunzip(Bun.gzipSync(plain)), plain)).toBe(0);
  });

  test.each([
    ["nothing", new Uint8Array(0)],
    ["plain words", Uint8Array.from(Buffer.from("plain words that are no gzip"))],
    ["a gzip that is cut off", Uint8Array.from(Bun.gzipSync(long(0)).subarray(0, 40_000))],
    ["another length than it claims", claiming(10, new Uint8Array(5000))],
    ["more than the bound", Bun.gzipSync(long(maxUnpackedBytes))],
    ["more than the bound, and claims less", claiming(10, long(maxUnpackedBytes))],
  ])("refuses %s as a 502", (_, bytes) => {
    expect(() => gunzip(bytes)).toThrow("cannot be unpacked");
  });
});

describe("isLongGzip", () => {
  test.each([
    ["nothing", new Uint8Array(0), false],
    ["a short one", claiming(77, new Uint8Array(5)), false],
    ["one that can be as long as it claims", claiming(maxUnpackedBytes + 1, long(0)), true],
    ["one that cannot be as long as it claims", claiming(2 ** 32 - 1, long(0)), false],
    ["plain words", Uint8Array.from(Buffer.from("plain words that are no gzip")), false],
  ])("%s", (_, bytes, isLong) => {
    expect(isLongGzip(bytes)).toBe(isLong);
  });
});
