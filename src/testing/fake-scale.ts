import { badRequest } from "../api/status.ts";
import { invalidField, methodNotAllowed } from "./fake-failures.ts";
import { type JsonObject, objectAt, stringAt } from "./fake-json.ts";
import { patchedBy } from "./fake-patch-object.ts";
import { type FakeRequest, parseBody } from "./fake-request.ts";
import { type FakeWrite, findObject, updateObject, type Written } from "./fake-write.ts";

/** GET, PUT and PATCH of `/scale`: the replicas of the object, at its resourceVersion. */
export function readOrWriteScale(target: FakeWrite, request: FakeRequest): Written {
  const { object } = findObject(target);
  const scale = scaleOf(object);
  switch (request.info.verb) {
    case "get":
      return { code: 200, object: scale };
    case "update":
      return writeScale(target, object, parseBody({ kind: "Scale" }, request));
    case "patch":
      return writeScale(target, object, patchedBy(request, scale));
  }
  throw methodNotAllowed();
}

function writeScale(target: FakeWrite, object: JsonObject, scale: JsonObject): Written {
  const given = objectAt(scale, "metadata");
  if (stringAt(given, "name") === "") {
    const why = `the name of the object (${target.name} based on URL) was undeterminable`;
    throw badRequest(`${why}: name must be provided`);
  }
  const replicas = Number(objectAt(scale, "spec")["replicas"] ?? 0);
  if (replicas < 0) {
    const why = `Invalid value: ${replicas}: must be greater than or equal to 0`;
    throw invalidField("Scale.autoscaling", target.name, "spec.replicas", why);
  }
  const metadata = {
    ...objectAt(object, "metadata"),
    name: stringAt(given, "name"),
    resourceVersion: stringAt(given, "resourceVersion"),
  };
  const spec = { ...objectAt(object, "spec"), replicas };
  const { code, object: written } = updateObject(
    { ...target, subresource: undefined },
    { ...object, metadata, spec },
  );
  return { code, object: scaleOf(written) };
}

function scaleOf(object: JsonObject): JsonObject {
  const metadata = objectAt(object, "metadata");
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const labels = objectAt(objectAt(objectAt(object, "spec"), "selector"), "matchLabels");
  const selector = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`);
  const replicas = Number(objectAt(object, "spec")["replicas"] ?? 0);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: Number(objectAt(object, "status")["replicas"] ?? 0),
      ...(selector.length === 0 ? {} : { selector: selector.toSorted().join(",") }),
    },
  };
}
