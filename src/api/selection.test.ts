import { describe, expect, test } from "bun:test";

import { parseFieldSelector } from "./field-selector.ts";
import { parseLabelSelector } from "./label-selector.ts";
import { formatSelection } from "./selection.ts";

function text(namespace: string, labels: string, fields: string): string {
  return formatSelection({
    namespace,
    labelSelector: parseLabelSelector(labels),
    fieldSelector: parseFieldSelector(fields),
  });
}

describe("formatSelection", () => {
  test("is equal for the same in another spelling", () => {
    expect(text("a", "b,c==d", "e=f")).toBe(text("a", "c in (d),b", "e==f"));
    expect(text("a", "", "")).toBe("a?&");
  });

  test("differs, whatever characters a namespace or a value has", () => {
    expect(text("a?b=c&d=e", "", "")).not.toBe(text("a", "b=c", "d=e?&"));
    expect(text("a", "b=c", "")).not.toBe(text("a", "", "b=c"));
  });
});
