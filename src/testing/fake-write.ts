import { formatGroupResource } from "../api/group-version-resource.ts";
import { objectKey } from "../api/object-key.ts";
import { badRequest, notFound, type Status, StatusError } from "../api/status.ts";
import {
  goJson,
  type JsonObject,
  listAt,
  normalizeObject,
  objectAt,
  stringAt,
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

const now = () => new Date().toISOString().replace(/\.[0-9]+Z$/, "Z");

function failure(code: number, reason: string, message: string, details: JsonObject): StatusError {
  const head = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" } as const;
  return new StatusError({ ...head, message, reason, details, code } satisfies Status);
}

function detailsOf(type: FakeType, name: string): JsonObject {
  const { group, resource } = type.gvr;
  return { name, ...(group === "" ? {} : { group }), kind: resource };
}

function conflict(type: FakeType, name: string): StatusError {
  const of = formatGroupResource(type.gvr);
  const why =
    "the object has been modified; please apply your changes to the latest version and try again";
  const message = `Operation cannot be fulfilled on ${of} "${name}": ${why}`;
  return failure(409, "Conflict", message, detailsOf(type, name));
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
    const of = formatGroupResource(type.gvr);
    throw failure(409, "AlreadyExists", `${of} "${name}" already exists`, detailsOf(type, name));
  }
  const metadata = {
    ...given,
    name,
    ...(type.scope === "Cluster" ? {} : { namespace }),
    uid: crypto.randomUUID(),
    resourceVersion: "0",
    creationTimestamp: now(),
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

/** The few defaults that tests look at. */
function defaulted(type: FakeType, object: JsonObject): JsonObject {
  const metadata = objectAt(object, "metadata");
  switch (type.kind) {
    case "Secret": {
      const plain = Object.entries(objectAt(object, "stringData")).map(
        ([key, value]) => [key, Buffer.from(String(value)).toString("base64")] as const,
      );
      const data = { ...objectAt(object, "data"), ...Object.fromEntries(plain) };
      return { type: "Opaque", ...object, data };
    }
    case "Namespace": {
      const name = { "kubernetes.io/metadata.name": stringAt(metadata, "name") };
      const labels = { ...objectAt(metadata, "labels"), ...name };
      const spec = { finalizers: ["kubernetes"] };
      return { ...object, metadata: { ...metadata, labels }, spec, status: { phase: "Active" } };
    }
    case "Pod":
      return {
        ...object,
        spec: {
          restartPolicy: "Always",
          dnsPolicy: "ClusterFirst",
          schedulerName: "default-scheduler",
          ...objectAt(object, "spec"),
        },
        status: { phase: "Pending" },
      };
    case "Deployment":
    case "Node":
    case "Service":
      return { ...object, spec: objectAt(object, "spec"), status: {} };
    default:
      return object;
  }
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
  const metadata = objectAt(object, "metadata");
  const isLastFinalizer =
    stringAt(metadata, "deletionTimestamp") !== "" &&
    listAt(metadata, "finalizers").length === 0 &&
    listAt(objectAt(object, "spec"), "finalizers").length === 0;
  if (!isLastFinalizer) return { code: 200, object: store.put(type, object).object };
  store.remove(type, { ...old, object: atOld(object, old) });
  return { code: 200, object: atOld(object, old) };
}

function atOld(object: JsonObject, old: StoredObject): JsonObject {
  const metadata = { ...objectAt(object, "metadata"), resourceVersion: String(old.revision) };
  return { ...object, metadata };
}

function merged(write: FakeWrite, old: JsonObject, body: JsonObject): JsonObject {
  const { type, subresource } = write;
  const kept = objectAt(old, "metadata");
  if (subresource === "status") return { ...old, status: objectAt(body, "status") };
  if (subresource === "finalize") return { ...old, spec: objectAt(body, "spec") };
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

/** DELETE: gone at once, or marked where finalizers or a grace period hold it. */
export function deleteObject(write: FakeWrite, options: JsonObject): Written {
  const { store, type } = write;
  const old = findObject(write);
  checkPreconditions(type, old, objectAt(options, "preconditions"));
  const metadata = objectAt(old.object, "metadata");
  const isNamespace = type.kind === "Namespace";
  const isScheduled =
    type.kind === "Pod" && stringAt(objectAt(old.object, "spec"), "nodeName") !== "";
  const isImmediate = options["gracePeriodSeconds"] === 0;
  const lingers =
    isNamespace || listAt(metadata, "finalizers").length > 0 || (isScheduled && !isImmediate);
  if (write.isDryRun) return { code: 200, object: deleted(type, old) };
  if (!lingers) return { code: 200, object: deleted(type, store.remove(type, old)) };
  if (stringAt(metadata, "deletionTimestamp") !== "") return { code: 200, object: old.object };
  const seconds = isScheduled && !isImmediate ? 30 : 0;
  const marked = {
    ...metadata,
    deletionTimestamp: new Date(Date.now() + seconds * 1000)
      .toISOString()
      .replace(/\.[0-9]+Z$/, "Z"),
    ...(isNamespace ? {} : { deletionGracePeriodSeconds: seconds }),
  };
  const phase = isNamespace ? { status: { phase: "Terminating" } } : {};
  const object = normalizeObject(type, { ...old.object, ...phase, metadata: marked });
  return { code: 200, object: store.put(type, object).object };
}

function deleted(type: FakeType, last: StoredObject): JsonObject {
  if (type.deleteAnswers === "object") return last.object;
  const uid = stringAt(objectAt(last.object, "metadata"), "uid");
  const details = { ...detailsOf(type, last.name), uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}

function checkPreconditions(type: FakeType, old: StoredObject, wanted: JsonObject): void {
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
