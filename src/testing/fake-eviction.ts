import { success } from "./fake-answer.ts";
import { checkPreconditions, deleteObject } from "./fake-delete.ts";
import { type JsonObject, normalizeObject, objectAt, timestamp } from "./fake-json.ts";
import { withCondition } from "./fake-pod-condition.ts";
import { type FakeWrite, findObject, type Written } from "./fake-write.ts";

/** Deletes the pod, after a condition that says why; nothing guards it from that (registry/core/pod/storage, EvictionREST). */
export function evictPod(write: FakeWrite, eviction: JsonObject): Written {
  const { store, type, isDryRun } = write;
  const options = objectAt(eviction, "deleteOptions");
  const old = findObject(write);
  checkPreconditions(type, old, objectAt(options, "preconditions"));
  if (isDryRun) return success(201);
  const target = withCondition(old.object, {
    type: "DisruptionTarget",
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: timestamp(Date.now()),
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
  });
  if (target !== old.object) store.put(type, normalizeObject(type, target));
  deleteObject(write, options);
  return success(201);
}
