import { describe, expect, test } from "bun:test";

import { negotiate } from "./media-type.ts";

const protobuf = "application/vnd.kubernetes.protobuf";
const table = "application/json;as=Table;v=v1;g=meta.k8s.io";

describe("negotiate", () => {
  test.each([
    ["", "json", true],
    ["application/json", "json", true],
    ["*/*", "json", true],
    ["application/*", "other", false],
    ["application/*, application/json", "other", false],
    ["Application/JSON", "other", false],
    ["application/json;charset=UTF-8", "json", true],
    ["application/json;stream=WATCH", "other", false],
    ["application/json;Pretty=1", "other", false],
    ["application/json;pretty=true", "other", false],
    [protobuf.toUpperCase(), "other", false],
    ["application/json;stream=watch", "json", true],
    [protobuf, "protobuf", false],
    [`${protobuf};stream=watch`, "protobuf", false],
    [`${protobuf},application/json`, "protobuf", true],
    [`application/json, ${protobuf}`, "json", true],
    [`application/json;q=0.5, ${protobuf}`, "protobuf", true],
    [table, "other", false],
    [`${table},application/json`, "other", false],
    [`application/json,${table}`, "json", true],
    ["application/cbor", "other", false],
    ["text/html", "other", false],
    ["application/json;q=0", "other", false],
    [`${protobuf};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`, "other", false],
    ["application/json;unknown=1", "other", false],
  ])("%p is %p", (accept, format, acceptsJson) => {
    expect(negotiate(accept)).toMatchObject({ format, acceptsJson });
  });

  test("pretty=1 is a wish, not another form", () => {
    expect(negotiate("application/json;pretty=1")).toMatchObject({
      format: "json",
      isPretty: true,
    });
  });
});
