import { describe, expect, test } from "bun:test";

import { trimOf } from "../codec/trim.ts";
import { patchedFields } from "./patched-fields.ts";

const trim = trimOf(
  "all but these",
  "data",
  'metadata.annotations["a/b~c"]',
  "spec.containers[*].env",
  "spec.volumes.secret",
);
const keep = trimOf("only these", "metadata.name", "spec.containers[*].name");
const copy = (from: string, path = "/metadata/labels/x") => ({ op: "copy", from, path });

describe("patchedFields", () => {
  test.each<[object, string[]]>([
    // operation -> told of
    [copy("/data"), ["/data"]],
    [copy("/data/k"), ["/data/k"]],
    [copy("x/data/k"), ["x/data/k"]],
    [copy(""), [""]],
    [copy("/spec"), ["/spec"]],
    [copy("/metadata/annotations"), ["/metadata/annotations"]],
    [copy("/metadata/annotations/a~1b~0c"), ["/metadata/annotations/a~1b~0c"]],
    [copy("/metadata/annotations/other"), []],
    [copy("/spec/containers/0/env/1/value"), ["/spec/containers/0/env/1/value"]],
    [copy("/spec/containers/-1/env"), ["/spec/containers/-1/env"]],
    [copy("/spec/containers/0"), ["/spec/containers/0"]],
    [copy("/spec/containers/0/image"), []],
    [copy("/spec/volumes/3/secret/secretName"), ["/spec/volumes/3/secret/secretName"]],
    [copy("/spec/volumes/3/name"), []],
    [copy("/metadata/name"), []],
    [copy("/metadata/name", "/data"), []],
    [copy("/metadata/name", "/data/k"), ["/data/k"]],
    [{ op: "move", from: "/data/k", path: "/metadata/labels/x" }, ["/data/k"]],
    [{ op: "test", path: "/data/k", value: "1" }, ["/data/k"]],
    [{ op: "test", path: "/metadata", value: {} }, ["/metadata"]],
    [{ op: "test", path: "/metadata/name", value: "a" }, []],
    [{ op: "other", path: "/data" }, ["/data"]],
    [{ op: "add", path: "/data", value: {} }, []],
    [{ op: "add", path: "/data/k", value: "1" }, ["/data/k"]],
    [{ op: "remove", path: "/data" }, ["/data"]],
    [{ op: "replace", path: "/data/k", value: "" }, ["/data/k"]],
    [{ op: "replace", path: "/spec", value: {} }, []],
    [{ op: "remove", path: "/metadata/labels/x" }, []],
  ])("all but these: %j tells of %j", (operation, told) => {
    expect(patchedFields([operation] as never, trim)).toEqual(told);
  });

  test.each<[object, string[]]>([
    [copy("/data/k"), ["/data/k", "/metadata/labels/x"]],
    [copy("/metadata/name"), ["/metadata/labels/x"]],
    [{ op: "test", path: "/metadata/uid" }, ["/metadata/uid"]],
    [{ op: "test", path: "/metadata/name" }, []],
    [{ op: "test", path: "/kind" }, []],
    [{ op: "test", path: "/spec/containers/0/name" }, []],
    [{ op: "test", path: "/spec/containers/0/image" }, ["/spec/containers/0/image"]],
    [{ op: "replace", path: "/spec/containers/0/name" }, []],
    [{ op: "add", path: "/data" }, []],
  ])("only these: %j tells of %j", (operation, told) => {
    expect(patchedFields([operation] as never, keep)).toEqual(told);
  });

  test.each([[{}], [null], ["a"], [[1]], [[[]]]])("%j is no patch", (patch) => {
    expect(patchedFields(patch as never, trim)).toBeUndefined();
  });
});
