import { invalidField, methodNotAllowed } from "./fake-failures.ts";
import { isJsonObject, type JsonObject, listAt, objectAt, stringAt } from "./fake-json.ts";
import { mediaOf, patchedBy } from "./fake-patch-object.ts";
import { type FakeRequest, parseBody } from "./fake-request.ts";
import { type FakeWrite, findObject, updateObject, type Written } from "./fake-write.ts";

const field = "ephemeralContainers";

/** GET, PUT and PATCH of `/ephemeralcontainers`: the pod, of which nothing but these changes, and none goes away. */
export function addEphemeralContainers(target: FakeWrite, request: FakeRequest): Written {
  const { object } = findObject(target);
  switch (request.info.verb) {
    case "get":
      return { code: 200, object };
    case "update":
      return write(target, object, parseBody({ kind: "Pod" }, request));
    case "patch":
      return write(target, object, patched(request, object));
  }
  throw methodNotAllowed();
}

function patched(request: FakeRequest, object: JsonObject): JsonObject {
  const next = patchedBy(request, object);
  if (mediaOf(request) !== "application/strategic-merge-patch+json") return next;
  // A strategic merge joins this list by name.
  const joined = new Map([...containersOf(object), ...containersOf(next)].map(named));
  return { ...next, spec: { ...objectAt(next, "spec"), [field]: [...joined.values()] } };
}

function write(target: FakeWrite, object: JsonObject, body: JsonObject): Written {
  const containers = containersOf(body);
  const names = new Set(containers.map((each) => stringAt(each, "name")));
  for (const { name } of containersOf(object)) {
    if (names.has(String(name))) continue;
    const why = `Forbidden: existing ephemeral containers "${String(name)}" may not be removed\n`;
    throw invalidField("Pod", target.name, `spec.${field}`, why);
  }
  const asked = stringAt(objectAt(body, "metadata"), "resourceVersion");
  const metadata = { ...objectAt(object, "metadata"), resourceVersion: asked };
  const spec = { ...objectAt(object, "spec"), [field]: containers };
  const own = containers.length === 0 ? object : { ...object, spec };
  return updateObject({ ...target, subresource: undefined }, { ...own, metadata });
}

function containersOf(pod: JsonObject): readonly JsonObject[] {
  return listAt(objectAt(pod, "spec"), field).filter(isJsonObject);
}

function named(container: JsonObject): readonly [string, JsonObject] {
  return [stringAt(container, "name"), container];
}
