import { FieldSelector } from "../api/field-selector.ts";
import { goQuote } from "../api/go-quote.ts";
import { type ListOptions, parseListOptions } from "../api/list-options.ts";
import { parseQuery } from "../api/query.ts";
import { readRequestTimeout } from "../api/request-timeout.ts";
import { badRequest, invalidListOptions, timeout as timeoutError } from "../api/status.ts";
import {
  type FakeAnswer,
  jsonAnswer,
  listAnswer,
  negotiate,
  type Negotiated,
  objectAnswer,
  statusAnswer,
} from "./fake-answer.ts";
import { deleteObject } from "./fake-delete.ts";
import { methodNotAllowed, notServed } from "./fake-failures.ts";
import { goJson, type JsonObject } from "./fake-json.ts";
import { patchObject } from "./fake-patch-object.ts";
import { readList, waitForRevision } from "./fake-read.ts";
import { type FakeRequest, parseBody, toWrite } from "./fake-request.ts";
import { type FakeStore } from "./fake-store.ts";
import { createBinding, handleSubresource } from "./fake-subresource.ts";
import { type FakeType, findFakeType } from "./fake-types.ts";
import { serveWatch, type WatchSink } from "./fake-watch.ts";
import { createObject, findObject, updateObject, type Written } from "./fake-write.ts";

export interface FakeSettings {
  readonly store: FakeStore;
  /** Whether `sendInitialEvents` is served; older apiservers refuse it. */
  readonly watchList: "on" | "off";
  readonly bookmarkEveryMs: number;
}

/** Answers a request for a resource; a watch goes to the sink and has no answer. Throws StatusError. */
export async function handleResource(
  settings: FakeSettings,
  request: FakeRequest,
  sink: WatchSink,
): Promise<FakeAnswer | undefined> {
  const { info } = request;
  const isBindings = info.group === "" && info.version === "v1" && info.resource === "bindings";
  // `bindings` is a resource without objects: to create one is to bind a pod.
  const type = findFakeType(isBindings ? { ...info, resource: "pods" } : info);
  if (type === undefined || !hasSubresource(type, info.subresource)) throw notServed();
  const parameters = parseQuery(request.query);
  checkName(info.name);
  if (info.verb !== "watch") checkTimeout(parameters);
  const negotiated = negotiate(request.accept, request.userAgent, parameters.get("pretty"), type);
  const written = isBindings
    ? createBinding(settings.store, type, request)
    : handleSubresource(settings.store, type, request);
  if (written !== undefined) return writtenAnswer(type, written, request.accept, negotiated);
  switch (info.verb) {
    case "list": {
      const options = parseListOptions(request.query, "list");
      const { meta, items } = await readList(settings.store, type, info.namespace, options);
      return listAnswer(type, meta, items, negotiated);
    }
    case "watch": {
      const options = parseListOptions(request.query, "watch");
      if (settings.watchList === "off") refuseWatchList(parameters);
      const { store, bookmarkEveryMs } = settings;
      const watch = {
        store,
        type,
        namespace: type.scope === "Cluster" ? "" : info.namespace,
        options: info.parts.length > 1 ? ofOne(options, info.name) : options,
        negotiated,
        bookmarkEveryMs,
      };
      await serveWatch(watch, sink);
      return undefined;
    }
    case "get":
      await waitForGet(settings.store, parameters.get("resourceVersion") ?? "");
      return objectAnswer(
        200,
        type,
        findObject(toWrite(settings.store, type, request)).object,
        negotiated,
      );
    case "deletecollection":
      return deleteCollection(settings.store, type, request, negotiated);
    default:
      return writtenAnswer(type, write(settings.store, type, request), request.accept, negotiated);
  }
}

function writtenAnswer(
  type: FakeType,
  { code, object }: Written,
  accept: string,
  negotiated: Negotiated,
): FakeAnswer {
  switch (object["kind"]) {
    case "Status":
      return statusAnswer(object, code, accept);
    case "Scale":
      return jsonAnswer(code, goJson(object), negotiated.format);
    default:
      return objectAnswer(code, type, object, negotiated);
  }
}

/** What a path below the legacy /watch/ prefix names (apiserver, endpoints/handlers/get.go ListResource). */
function ofOne(options: ListOptions, name: string): ListOptions {
  const { requirements } = options.fieldSelector;
  const selected = options.fieldSelector.requiredValue("metadata.name");
  if (selected !== undefined && selected !== name)
    throw badRequest("fieldSelector metadata.name doesn't match requested name");
  const named = { path: "metadata.name", operator: "=", value: name } as const;
  return { ...options, fieldSelector: new FieldSelector([...requirements, named]) };
}

function hasSubresource(type: FakeType, subresource: string | undefined): boolean {
  if (subresource === undefined) return true;
  return subresource === "status" ? type.hasStatus : type.subresources.includes(subresource);
}

function checkName(name: string): void {
  if (name.includes("%"))
    throw badRequest(`Name parameter invalid: ${goQuote(name)}: may not contain '%'`);
}

/** The words of the 400 are those of a text without a number only. */
function checkTimeout(parameters: URLSearchParams): void {
  const given = readRequestTimeout(parameters);
  if (given.is === "short" && given.ns < 100_000n)
    throw timeoutError("request did not complete within the allotted timeout");
  if (given.is !== "malformed") return;
  const text = parameters.get("timeout") ?? "";
  throw badRequest(
    `invalid timeout specified in the request URL - time: invalid duration ${goQuote(text)}`,
  );
}

function refuseWatchList(parameters: URLSearchParams): void {
  if (!parameters.has("sendInitialEvents")) return;
  const message =
    "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
  throw invalidListOptions(`sendInitialEvents: ${message}`, [
    { reason: "FieldValueForbidden", message, field: "sendInitialEvents" },
  ]);
}

async function waitForGet(store: FakeStore, asked: string): Promise<void> {
  if (asked === "" || asked === "0") return;
  parseListOptions(`watch=1&resourceVersion=${encodeURIComponent(asked)}`, "watch");
  await waitForRevision(store, asked);
}

function write(store: FakeStore, type: FakeType, request: FakeRequest): Written {
  const { info } = request;
  const target = toWrite(store, type, request);
  const isCollection = info.name === "";
  switch (info.verb) {
    case "create":
      if (!isCollection) break;
      return createObject(target, parseBody(type, request));
    case "update":
      if (isCollection) break;
      return updateObject(target, parseBody(type, request));
    case "patch":
      if (isCollection) break;
      return patchObject(target, request);
    case "delete":
      return deleteObject(target, deleteOptions(type, request));
  }
  throw methodNotAllowed();
}

function deleteOptions(type: FakeType, request: FakeRequest): JsonObject {
  const seconds = parseQuery(request.query).get("gracePeriodSeconds");
  return {
    ...(request.body === "" ? {} : parseBody(type, request)),
    ...(seconds === null ? {} : { gracePeriodSeconds: Number(seconds) }),
  };
}

async function deleteCollection(
  store: FakeStore,
  type: FakeType,
  request: FakeRequest,
  negotiated: Negotiated,
): Promise<FakeAnswer> {
  const options = parseListOptions(request.query, "list");
  const { meta, items } = await readList(store, type, request.info.namespace, options);
  const target = toWrite(store, type, request);
  for (const { name, namespace } of items) deleteObject({ ...target, name, namespace }, {});
  return listAnswer(type, meta, items, negotiated);
}
