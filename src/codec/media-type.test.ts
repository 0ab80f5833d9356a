import { describe, expect, test } from "bun:test";

import {
  acceptsObjects,
  askedForm,
  errorForm,
  formatClause,
  formatOf,
  negotiate,
  parseAccept,
} from "./media-type.ts";

const protobuf = "application/vnd.kubernetes.protobuf";
const table = "application/json;as=Table;v=v1;g=meta.k8s.io";

describe("negotiate", () => {
  test.each([
    ["", "json", true],
    ["application/json", "json", true],
    ["*/*", "json", true],
    ["application/*", "other", false],
    ["application/*, application/json", "json", true],
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
    ["application/json;q=0", "json", true],
    [`${protobuf},application/json;q=0x1p4`, "other", false],
    [`${protobuf},application/json;q=1_0`, "other", false],
    [`${protobuf}, ${table}, application/json`, "protobuf", false],
    ["application/json; as = Table;v=v1;g=meta.k8s.io", "other", false],
    ["application/json;AS=Table", "other", false],
    ["application/json;as", "json", true],
    ["application/json; pretty = 1", "json", true],
    [`application/json;q=0.5,${protobuf};q=.6`, "protobuf", true],
    [`*/*;q=0.9, ${protobuf};q=0.5`, "protobuf", true],
    [Array(13).fill("application/json").join(), "other", false],
    ["*", "other", false],
    [",", "other", false],
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

describe("askedForm", () => {
  test.each([
    ["application/json", "object"],
    ["application/json;v=", "object"],
    [table, "table"],
    ["application/json; as = Table;v=v1;g=meta.k8s.io", "table"],
    ["application/json;as=Table;v=v1beta1;g=meta.k8s.io", "table"],
    ["application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "metadata"],
    ["application/json;as=Table", undefined],
    ["application/json;as=table;v=v1;g=meta.k8s.io", undefined],
    ["application/json;as=;v=v1;g=meta.k8s.io", undefined],
    ["application/json;stream=other", undefined],
    ["application/json;sv=1", undefined],
    ["application/json;AS=Table", "object"],
  ])("%p asks for %p", (accept, form) => {
    expect(parseAccept(accept).map(askedForm)).toEqual([form as never]);
  });
});

describe("formatClause", () => {
  test.each([
    ["application/json; as = Table;v=v1; g=meta.k8s.io ;q=.5", `${table};q=.5`],
    ["application/json;charset=utf-8;x=1;pretty=1", "application/json"],
  ])("%p is %p", (accept, text) => {
    expect(parseAccept(accept).map(formatClause)).toEqual([text]);
  });
});

describe("acceptsObjects", () => {
  test.each([
    [`${table},application/json`, true],
    [`${table}, */* ; q=0.1`, true],
    [table, false],
    ["application/json; as = Table;v=v1;g=meta.k8s.io", false],
    ["", true],
  ])("%p: %p", (accept, takes) => {
    expect(acceptsObjects(accept)).toBe(takes);
  });
});

describe("formatOf", () => {
  test.each([
    ["application/json", "json"],
    ["Application/JSON ; charset=utf-8", "json"],
    ["application/merge-patch+json", "json"],
    [`${protobuf};stream=watch`, "protobuf"],
    [`${protobuf}x`, undefined],
    ["application/jsonx", undefined],
    ["application/yaml", undefined],
    ["", undefined],
  ])("%p is %p", (type, format) => {
    expect(formatOf(type)).toBe(format as never);
  });
});

describe("errorForm", () => {
  test.each([
    ["", "json", false],
    ["application/json", "json", false],
    ["application/json;pretty=1", "json", true],
    [table, "json", true],
    [`${table},application/json`, "json", false],
    [`${protobuf};as=PartialObjectMetadata;v=v1;g=meta.k8s.io`, "json", true],
    [`${table},${protobuf}`, "protobuf", false],
    ["text/html", "json", true],
  ])("to who accepts %p is %p, pretty %p", (accept, format, isPretty) => {
    expect(errorForm(accept)).toEqual({ format: format as never, isPretty });
  });
});
