import { goQuote } from "../api/go-quote.ts";
import { parseListOptions } from "../api/list-options.ts";
import { parseQuery } from "../api/query.ts";
import { type ResourceRequest } from "../api/request-info.ts";
import { badRequest, invalidListOptions, type Status, StatusError } from "../api/status.ts";
import {
  type FakeAnswer,
  listAnswer,
  negotiate,
  objectAnswer,
  statusAnswer,
} from "./fake-answer.ts";
import { isJsonObject, type JsonObject } from "./fake-json.ts";
import { jsonPatch, mergePatch } from "./fake-patch.ts";
import { readList, waitForRevision } from "./fake-read.ts";
import { type FakeStore } from "./fake-store.ts";
import { type FakeType, findFakeType } from "./fake-types.ts";
import { serveWatch, type WatchSink } from "./fake-watch.ts";
import {
  createObject,
  deleteObject,
  type FakeWrite,
  findObject,
  updateObject,
  type Written,
} from "./fake-write.ts";

export interface FakeRequest {
  readonly info: ResourceRequest;
  readonly query: string;
  readonly accept: string;
  readonly userAgent: string;
  readonly contentType: string;
  readonly body: string;
}

export interface FakeSettings {
  readonly store: FakeStore;
  /** Whether `sendInitialEvents` is served; older apiservers refuse it. */
  readonly watchList: "on" | "off";
  readonly bookmarkEveryMs: number;
}

/** A failure without details of its own, as the generic handlers word it. */
function failure(code: number, reason: string, message: string, details?: JsonObject): StatusError {
  const head = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" } as const;
  const status: Status = {
    ...head,
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  };
  return new StatusError(status);
}

/** Answers a request for a resource; a watch goes to the sink and has no answer. Throws StatusError. */
export async function handleResource(
  settings: FakeSettings,
  request: FakeRequest,
  sink: WatchSink,
): Promise<FakeAnswer | undefined> {
  const { info } = request;
  const type = findFakeType(info);
  if (type === undefined) {
    throw failure(404, "NotFound", "the server could not find the requested resource", {});
  }
  const parameters = parseQuery(request.query);
  checkTimeout(parameters.get("timeout"));
  const negotiated = negotiate(request.accept, request.userAgent, parameters.get("pretty"), type);
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
        namespace: info.namespace,
        options,
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
    default: {
      const { code, object } = write(settings.store, type, request);
      return object["kind"] === "Status"
        ? statusAnswer(object, code, request.accept)
        : objectAnswer(code, type, object, negotiated);
    }
  }
}

function checkTimeout(timeout: string | null): void {
  if (timeout === null || timeout === "" || /^(0|([0-9.]+(ns|us|µs|ms|s|m|h))+)$/.test(timeout))
    return;
  throw badRequest(
    `invalid timeout specified in the request URL - time: invalid duration ${goQuote(timeout)}`,
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

function toWrite(store: FakeStore, type: FakeType, { info, query }: FakeRequest): FakeWrite {
  const isDryRun = parseQuery(query).get("dryRun") === "All";
  return {
    store,
    type,
    namespace: info.namespace,
    name: info.name,
    subresource: info.subresource,
    isDryRun,
  };
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
      return deleteObject(target, request.body === "" ? {} : parseBody(type, request));
  }
  throw failure(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );
}

const bodyTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

function parseBody(type: FakeType, { contentType, body }: FakeRequest): JsonObject {
  if (contentType !== "" && !contentType.startsWith("application/json")) {
    throw failure(
      415,
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - accepted media types include: ${bodyTypes.join(", ")}`,
    );
  }
  try {
    const parsed: unknown = JSON.parse(body);
    if (isJsonObject(parsed)) return parsed;
  } catch (error) {
    const why = `couldn't get version/kind; json parse error: ${String(error)}`;
    throw badRequest(
      `the object provided is unrecognized (must be of type ${type.kind}): ${why} (${body})`,
    );
  }
  throw badRequest(`the object provided is unrecognized (must be of type ${type.kind})`);
}

function patchObject(target: FakeWrite, { contentType, body }: FakeRequest): Written {
  const media = contentType.split(";")[0]?.trim() ?? "";
  const parsed: unknown = JSON.parse(body);
  switch (media) {
    case "application/merge-patch+json":
    case "application/strategic-merge-patch+json": {
      return patched(target, (old) => mergePatch(old, parsed));
    }
    case "application/json-patch+json":
      return patched(target, (old) => jsonPatch(old, Array.isArray(parsed) ? parsed : []));
    case "application/apply-patch+yaml":
      return apply(target, parsed);
  }
  throw failure(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
}

function patched(target: FakeWrite, change: (old: JsonObject) => unknown): Written {
  const next = change(findObject(target).object);
  return updateObject(target, isJsonObject(next) ? next : {});
}

/** Server-side apply with one owner of everything: no conflicts, and what is left out stays. */
function apply(target: FakeWrite, parsed: unknown): Written {
  try {
    return patched(target, (old) => mergePatch(old, parsed));
  } catch (error) {
    if (!(error instanceof StatusError) || error.status.code !== 404) throw error;
    return createObject(target, isJsonObject(parsed) ? parsed : {});
  }
}

async function deleteCollection(
  store: FakeStore,
  type: FakeType,
  request: FakeRequest,
  negotiated: Parameters<typeof listAnswer>[3],
): Promise<FakeAnswer> {
  const options = parseListOptions(request.query, "list");
  const { meta, items } = await readList(store, type, request.info.namespace, options);
  const target = toWrite(store, type, request);
  for (const { name, namespace } of items) deleteObject({ ...target, name, namespace }, {});
  return listAnswer(type, meta, items, negotiated);
}
