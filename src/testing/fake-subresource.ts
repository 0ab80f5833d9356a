import { badRequest } from "../api/status.ts";
import { bindPod } from "./fake-binding.ts";
import { addEphemeralContainers } from "./fake-ephemeral-containers.ts";
import { evictPod } from "./fake-eviction.ts";
import { methodNotAllowed } from "./fake-failures.ts";
import { type JsonObject, objectAt, stringAt } from "./fake-json.ts";
import { type FakeRequest, parseBody, toWrite } from "./fake-request.ts";
import { readOrWriteScale } from "./fake-scale.ts";
import { type FakeStore } from "./fake-store.ts";
import { type FakeType } from "./fake-types.ts";
import { type Written } from "./fake-write.ts";

/** Answers for a subresource with a form or rules of its own; undefined for those that are their object (`status`, `finalize`). */
export function handleSubresource(
  store: FakeStore,
  type: FakeType,
  request: FakeRequest,
): Written | undefined {
  const target = toWrite(store, type, request);
  switch (request.info.subresource) {
    case "eviction":
      return evictPod(target, createdFor("Eviction", request));
    case "binding":
      return bindPod(target, createdFor("Binding", request));
    case "scale":
      return readOrWriteScale(target, request);
    case "ephemeralcontainers":
      return addEphemeralContainers(target, request);
    default:
      return undefined;
  }
}

/** A binding that is created as a resource of its own: its name is the pod's. */
export function createBinding(store: FakeStore, pods: FakeType, request: FakeRequest): Written {
  if (request.info.verb !== "create" || request.info.name !== "") throw methodNotAllowed();
  const body = parseBody({ kind: "Binding" }, request);
  const name = stringAt(objectAt(body, "metadata"), "name");
  return bindPod({ ...toWrite(store, pods, request), name }, body);
}

function createdFor(kind: string, request: FakeRequest): JsonObject {
  if (request.info.verb !== "create") throw methodNotAllowed();
  const body = parseBody({ kind }, request);
  if (stringAt(objectAt(body, "metadata"), "name") === request.info.name) return body;
  throw badRequest(`name in URL does not match name in ${kind} object`);
}
