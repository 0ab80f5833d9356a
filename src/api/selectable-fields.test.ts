import { describe, expect, test } from "bun:test";

import { isSelectableField, selectableFields } from "./selectable-fields.ts";

describe("isSelectableField", () => {
  // what kube-apiserver 1.33.13 and 1.37.2 answer with 200, but for what is upstream's alone
  test.each([
    ["", "configmaps", "metadata.name", true],
    ["", "configmaps", "metadata.namespace", true],
    ["", "configmaps", "data.a", false],
    ["rbac.authorization.k8s.io", "clusterroles", "metadata.namespace", true],
    ["", "nodes", "metadata.name", true],
    ["", "nodes", "metadata.namespace", false],
    ["", "namespaces", "metadata.namespace", false],
    ["", "namespaces", "status.phase", true],
    ["", "namespaces", "name", false],
    ["", "pods", "spec.nodeName", true],
    ["", "pods", "spec.host", false],
    ["", "pods", "status.podIPs", false],
    ["", "pods", "status.hostIP", false],
    ["metrics.k8s.io", "pods", "spec.nodeName", false],
    ["", "events", "involvedObject.uid", true],
    ["", "events", "regarding.uid", false],
    ["events.k8s.io", "events", "regarding.uid", true],
    ["events.k8s.io", "events", "involvedObject.uid", false],
    ["batch", "jobs", "status.successful", true],
    ["batch", "jobs", "status.succeeded", false],
    ["apps", "replicasets", "status.replicas", false],
    ["resource.k8s.io", "resourceslices", "spec.pool.name", false],
    ["resource.k8s.io", "resourceslices", "metadata.namespace", false],
    ["example.com", "things", "metadata.name", true],
    ["example.com", "things", "spec.color", false],
  ])("%j %s %s: %p", (group, resource, path, expected) => {
    expect(isSelectableField(group, resource, path)).toBe(expected);
  });
});

describe("selectableFields", () => {
  // path @ JSON @ field numbers = value where absent; read from objects of kube-apiserver 1.33.13 and 1.37.2
  test.each([
    ["", "nodes", "spec.unschedulable @ spec.unschedulable @ 2.4 = false"],
    ["", "namespaces", "status.phase @ status.phase @ 3.1 = "],
    ["", "secrets", "type @ type @ 3 = "],
    ["", "replicationcontrollers", "status.replicas @ status.replicas @ 3.1 = 0"],
    ["batch", "jobs", "status.successful @ status.succeeded @ 3.5 = 0"],
    ["", "configmaps", ""],
    ["apps", "replicasets", ""],
  ])("%j %s", (group, resource, expected) => {
    const shown = selectableFields(group, resource).map(
      ({ path, json, protobuf, absent }) =>
        `${path} @ ${json.map((steps) => steps.join(".")).join()} @ ${protobuf.map((steps) => steps.join(".")).join()} = ${absent}`,
    );
    expect(shown.join("\n")).toBe(expected);
  });

  test("a core Event's source is what reported it, by either name", () => {
    const source = selectableFields("", "events").find(({ path }) => path === "source");
    expect(source?.json).toEqual([["source", "component"], ["reportingComponent"]]);
    expect(source?.protobuf).toEqual([[5, 1], [14]]);
  });
});
