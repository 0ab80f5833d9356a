import { unclassified } from "../api/status.ts";
import { success } from "./fake-answer.ts";
import { failure } from "./fake-failures.ts";
import { type JsonObject, normalizeObject, objectAt, stringAt, timestamp } from "./fake-json.ts";
import { withCondition } from "./fake-pod-condition.ts";
import { type FakeWrite, findObject, type Written } from "./fake-write.ts";

/** Puts the pod on the node that the Binding names (registry/core/pod/storage, BindingREST). */
export function bindPod(write: FakeWrite, binding: JsonObject): Written {
  const { store, type, name, isDryRun } = write;
  const node = stringAt(objectAt(binding, "target"), "name");
  if (node === "") throw unclassified("target.name: Required value");
  const { object } = findObject(write);
  const spec = objectAt(object, "spec");
  if (stringAt(objectAt(object, "metadata"), "deletionTimestamp") !== "")
    throw conflict(name, `pod ${name} is being deleted, cannot be assigned to a host`);
  const assigned = stringAt(spec, "nodeName");
  if (assigned !== "")
    throw conflict(name, `pod ${name} is already assigned to node "${assigned}"`);
  const scheduled = {
    type: "PodScheduled",
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: timestamp(Date.now()),
  };
  const bound = withCondition({ ...object, spec: { ...spec, nodeName: node } }, scheduled);
  if (!isDryRun) store.put(type, normalizeObject(type, bound));
  return success(201);
}

function conflict(name: string, why: string) {
  const message = `Operation cannot be fulfilled on pods/binding "${name}": ${why}`;
  return failure(409, "Conflict", message, { name, kind: "pods/binding" });
}
