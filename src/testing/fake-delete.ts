import { detailsOf, failure } from "./fake-failures.ts";
import {
  type JsonObject,
  listAt,
  normalizeObject,
  objectAt,
  stringAt,
  timestamp,
} from "./fake-json.ts";
import { type StoredObject } from "./fake-store.ts";
import { type FakeType } from "./fake-types.ts";
import { type FakeWrite, findObject, type Written } from "./fake-write.ts";

/** DELETE: gone at once, or marked where finalizers or a grace period hold it. */
export function deleteObject(write: FakeWrite, options: JsonObject): Written {
  const { store, type, isDryRun } = write;
  const old = findObject(write);
  checkPreconditions(type, old, objectAt(options, "preconditions"));
  const finalizers = listAt(objectAt(old.object, "metadata"), "finalizers");
  const seconds = graceOf(type, old.object, options);
  const lingers = type.kind === "Namespace" || finalizers.length > 0 || (seconds ?? 0) > 0;
  const next = marked(type, old, seconds);
  if (isDryRun) return { code: 200, object: lingers ? (next ?? old.object) : deleted(type, old) };
  // What has a grace period is marked even when that is over at once: a MODIFIED before the DELETED.
  const isMarked = next !== undefined && (lingers || seconds !== undefined);
  const last = isMarked ? store.put(type, next) : old;
  if (lingers) return { code: 200, object: last.object };
  return { code: 200, object: deleted(type, store.remove(type, last)) };
}

/** The grace that a pod is given: never more than it has (registry/core/pod/strategy.go, CheckGracefulDelete). Other types have none. */
function graceOf(type: FakeType, object: JsonObject, options: JsonObject): number | undefined {
  if (type.kind !== "Pod") return undefined;
  const spec = objectAt(object, "spec");
  const isDone = ["Succeeded", "Failed"].includes(stringAt(objectAt(object, "status"), "phase"));
  const asked = options["gracePeriodSeconds"] ?? spec["terminationGracePeriodSeconds"] ?? 30;
  const seconds = stringAt(spec, "nodeName") === "" || isDone ? 0 : Number(asked);
  const left = objectAt(object, "metadata")["deletionGracePeriodSeconds"];
  return typeof left === "number" ? Math.min(left, seconds) : seconds;
}

/** The object with its deletion noted; undefined where that changes nothing. */
function marked(
  type: FakeType,
  old: StoredObject,
  grace: number | undefined,
): JsonObject | undefined {
  const metadata = objectAt(old.object, "metadata");
  const at = stringAt(metadata, "deletionTimestamp");
  const isNamespace = type.kind === "Namespace";
  const had = Number(metadata["deletionGracePeriodSeconds"] ?? 0);
  const seconds = grace ?? 0;
  if (at !== "" && (isNamespace || seconds >= had)) return undefined;
  const began = at === "" ? Date.now() : Date.parse(at) - had * 1000;
  const generation = Number(metadata["generation"] ?? 0) + (at === "" ? 1 : 0);
  const deletion = {
    ...metadata,
    ...(type.hasGeneration ? { generation } : {}),
    deletionTimestamp: timestamp(began + seconds * 1000),
    ...(isNamespace ? {} : { deletionGracePeriodSeconds: seconds }),
  };
  const phase = isNamespace ? { status: { phase: "Terminating" } } : {};
  return normalizeObject(type, { ...old.object, ...phase, metadata: deletion });
}

function deleted(type: FakeType, last: StoredObject): JsonObject {
  if (type.deleteAnswers === "object") return last.object;
  const uid = stringAt(objectAt(last.object, "metadata"), "uid");
  const details = { ...detailsOf(type, last.name), uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}

/** Throws 409 where the object is not the one that is meant. */
export function checkPreconditions(type: FakeType, old: StoredObject, wanted: JsonObject): void {
  const uid = stringAt(objectAt(old.object, "metadata"), "uid");
  const wantedUid = stringAt(wanted, "uid");
  const version = stringAt(wanted, "resourceVersion");
  const refuse = (why: string) => {
    const message = `Operation cannot be fulfilled on ${type.kind} "${old.name}": ${why}`;
    return failure(409, "Conflict", message, { name: old.name, kind: type.kind });
  };
  if (wantedUid !== "" && wantedUid !== uid) {
    const why = `the UID in the precondition (${wantedUid}) does not match the UID in record (${uid})`;
    throw refuse(`${why}. The object might have been deleted and then recreated`);
  }
  if (version !== "" && version !== String(old.revision)) {
    const why = `the ResourceVersion in the precondition (${version}) does not match the ResourceVersion in record (${old.revision})`;
    throw refuse(`${why}. The object might have been modified`);
  }
}
