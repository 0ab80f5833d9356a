import { objectKey } from "../api/object-key.ts";
import { badRequest, notFound, type StatusError } from "../api/status.ts";
import { defaulted } from "./fake-defaults.ts";
import { alreadyExists, conflict, failure } from "./fake-failures.ts";
import {
  goJson,
  type JsonObject,
  listAt,
  normalizeObject,
  objectAt,
  stringAt,
  timestamp,
} from "./fake-json.ts";
import { type FakeStore, type StoredObject } from "./fake-store.ts";
import { type FakeType, fakeTypes } from "./fake-types.ts";

/** A write to one object, its body parsed. */
export interface FakeWrite {
  readonly store: FakeStore;
  readonly type: FakeType;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string | undefined;
  readonly isDryRun: boolean;
}

export interface Written {
  readonly code: number;
  readonly object: JsonObject;
}

/** The stored object; throws 404. */
export function findObject(write: FakeWrite): StoredObject {
  const { store, type, namespace, name } = write;
  const key = objectKey(type.scope === "Cluster" ? "" : namespace, name);
  const found = store.collection(type).objects.get(key);
  if (found === undefined) throw notFound(type.gvr.group, type.gvr.resource, name);
  return found;
}

export function createObject(write: FakeWrite, body: JsonObject): Written {
  const { store, type, namespace } = write;
  const given = objectAt(body, "metadata");
  const own = stringAt(given, "namespace");
  if (own !== "" && own !== namespace) {
    throw badRequest(
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
  const prefix = stringAt(given, "generateName");
  const name = stringAt(given, "name") || (prefix === "" ? "" : prefix + suffix());
  if (name === "") throw nameRequired(type);
  requireNamespace(store, type, namespace);
  const key = objectKey(type.scope === "Cluster" ? "" : namespace, name);
  if (store.collection(type).objects.has(key)) {
    throw alreadyExists(type, name);
  }
  const metadata = {
    ...given,
    name,
    ...(type.scope === "Cluster" ? {} : { namespace }),
    uid: crypto.randomUUID(),
    resourceVersion: "0",
    creationTimestamp: timestamp(Date.now()),
    ...(type.hasGeneration ? { generation: 1 } : {}),
  };
  const object = normalizeObject(type, defaulted(type, { ...body, metadata }));
  if (write.isDryRun) return { code: 201, object: withoutVersion(object) };
  return { code: 201, object: store.put(type, object).object };
}

function suffix(): string {
  const alphabet = "bcdfghjklmnpqrstvwxz2456789";
  const random = crypto.getRandomValues(new Uint8Array(5));
  return [...random].map((byte) => alphabet[byte % alphabet.length]).join("");
}

function nameRequired(type: FakeType): StatusError {
  const why = "Required value: name or generateName is required";
  const cause = { reason: "FieldValueRequired", message: why, field: "metadata.name" };
  return failure(422, "Invalid", `${type.kind} "" is invalid: metadata.name: ${why}`, {
    kind: type.kind,
    causes: [cause],
  });
}

function requireNamespace(store: FakeStore, type: FakeType, namespace: string): void {
  const namespaces = fakeTypes.find(({ kind }) => kind === "Namespace");
  if (type.scope === "Cluster" || namespaces === undefined) return;
  if (store.collection(namespaces).objects.has(objectKey("", namespace))) return;
  throw notFound("", "namespaces", namespace);
}

function withoutVersion(object: JsonObject): JsonObject {
  const { resourceVersion: _none, ...metadata } = objectAt(object, "metadata");
  return { ...object, metadata };
}

/** PUT, and the end of every PATCH: what may not change is kept, and what changes nothing is no write. */
export function updateObject(write: FakeWrite, body: JsonObject): Written {
  const { store, type, name } = write;
  const given = objectAt(body, "metadata");
  if (stringAt(given, "name") !== name) {
    const why = `the name of the object (${stringAt(given, "name")}) does not match the name on the URL (${name})`;
    throw badRequest(why);
  }
  const old = findObject(write);
  const asked = stringAt(given, "resourceVersion");
  if (asked !== "" && asked !== String(old.revision)) throw conflict(type, name);
  const object = normalizeObject(type, merged(write, old.object, body));
  if (goJson(object) === old.full || write.isDryRun)
    return { code: 200, object: atOld(object, old) };
  if (!endsWith(object, old.object)) return { code: 200, object: store.put(type, object).object };
  // Who watches is shown what was stored, who has written what it would have become (m).
  store.remove(type, old);
  return { code: 200, object: atOld(object, old) };
}

/** Whether this update is the object's end (apiserver, registry/generic/registry/store.go, ShouldDeleteDuringUpdate). */
function endsWith(object: JsonObject, old: JsonObject): boolean {
  const metadata = objectAt(object, "metadata");
  return (
    stringAt(metadata, "deletionTimestamp") !== "" &&
    listAt(metadata, "finalizers").length === 0 &&
    listAt(objectAt(object, "spec"), "finalizers").length === 0 &&
    (objectAt(old, "metadata")["deletionGracePeriodSeconds"] ?? 0) === 0
  );
}

/** As a write on trial, or one that is no write, answers it. */
function atOld(object: JsonObject, old: StoredObject): JsonObject {
  const metadata = { ...objectAt(object, "metadata"), resourceVersion: String(old.revision) };
  return { ...object, metadata };
}

function merged(write: FakeWrite, old: JsonObject, body: JsonObject): JsonObject {
  const { type, subresource } = write;
  const kept = objectAt(old, "metadata");
  if (subresource === "status") return { ...old, status: objectAt(body, "status") };
  if (subresource === "finalize") {
    const { finalizers: _finalizers, ...spec } = objectAt(body, "spec");
    const finalizers = listAt(objectAt(body, "spec"), "finalizers");
    return { ...old, spec: finalizers.length === 0 ? spec : { ...spec, finalizers } };
  }
  const given = objectAt(body, "metadata");
  const isSpecChanged = goJson(objectAt(old, "spec")) !== goJson(objectAt(body, "spec"));
  const generation = Number(kept["generation"] ?? 0) + (isSpecChanged ? 1 : 0);
  const metadata = {
    ...kept,
    labels: given["labels"],
    annotations: given["annotations"],
    ownerReferences: given["ownerReferences"],
    finalizers: given["finalizers"],
    ...(type.hasGeneration ? { generation } : {}),
  };
  const status = type.hasStatus && old["status"] !== undefined ? { status: old["status"] } : {};
  const { status: _status, ...rest } = body;
  return { ...(type.hasStatus ? rest : body), ...status, metadata };
}
