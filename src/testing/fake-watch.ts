import { type ListOptions } from "../api/list-options.ts";
import { selects } from "../api/selection.ts";
import { expired, type Status, StatusError } from "../api/status.ts";
import { type Negotiated, table } from "./fake-answer.ts";
import { goJson, type JsonObject } from "./fake-json.ts";
import {
  encodeEnvelope,
  encodeMessage,
  encodeStatusProtobuf,
  frameEvent,
} from "./fake-protobuf.ts";
import { checkFields, waitForRevision } from "./fake-read.ts";
import { type FakeStore, type StoredEvent, type StoredObject } from "./fake-store.ts";
import { apiVersionOf, type FakeType } from "./fake-types.ts";

/** Where a watch's bytes go. */
export interface WatchSink {
  /** Sends the head at once. */
  open(contentType: string): void;
  write(bytes: Uint8Array | string): void;
  end(): void;
  /** Runs when the connection is gone, whoever closed it. */
  onGone(callback: () => void): void;
}

export interface WatchRequest {
  readonly store: FakeStore;
  readonly type: FakeType;
  readonly namespace: string;
  readonly options: ListOptions;
  readonly negotiated: Negotiated;
  /** Every so often a bookmark for who asked; a minute, as upstream, unless a test is in a hurry. */
  readonly bookmarkEveryMs: number;
}

/** So long before its deadline a watch has one more bookmark (cacher/cache_watcher.go nextBookmarkTime). */
const bookmarkBeforeEndSeconds = 2;

/** Serves one watch until its deadline or until it is gone. Rejects only before the head was sent. */
export async function serveWatch(request: WatchRequest, sink: WatchSink): Promise<void> {
  const { store, type, options, negotiated } = request;
  checkFields(type, options);
  const write = (eventType: string, object: JsonObject) =>
    sink.write(encodeEvent(type, eventType, object, negotiated));
  const contentType =
    negotiated.format === "protobuf"
      ? "application/vnd.kubernetes.protobuf;stream=watch"
      : "application/json";
  try {
    const from = await start(request);
    sink.open(contentType);
    const initial = options.sendInitialEvents === true ? store.at(type, from) : [];
    for (const object of initial) if (shows(request, object)) write("ADDED", object.object);
    if (options.sendInitialEvents === true && options.allowWatchBookmarks) {
      write("BOOKMARK", bookmark(type, from, true));
    }
    follow(request, from, sink, write);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    sink.open(contentType);
    sink.write(encodeError(error.status, negotiated));
    sink.end();
  }
}

/** The revision after which events are sent; throws what is an ERROR event inside the 200. */
async function start({ store, type, options }: WatchRequest): Promise<number> {
  const { resourceVersion, sendInitialEvents } = options;
  if (resourceVersion === "" || resourceVersion === "0") return store.revision;
  const asked = Number(resourceVersion);
  if (sendInitialEvents === true) {
    await waitForRevision(store, resourceVersion);
    return store.revision;
  }
  const { oldest } = store.collection(type);
  if (asked < oldest) throw expired(`too old resource version: ${asked} (${oldest})`);
  return asked;
}

function follow(
  request: WatchRequest,
  from: number,
  sink: WatchSink,
  write: (eventType: string, object: JsonObject) => void,
): void {
  const { store, type, options } = request;
  const { events, listeners } = store.collection(type);
  let sent = from;
  const flush = () => {
    const first = events.findLastIndex((event) => event.revision <= sent) + 1;
    for (const event of events.slice(first)) {
      sent = event.revision;
      const shown = transition(request, event);
      if (shown !== undefined) write(shown.type, shown.object);
    }
  };
  // Not of the version of the last event that there was (apiserver, cacher/cache_watcher.go processInterval).
  const last = Math.max(from, events.at(-1)?.revision ?? 0);
  const mark = () => {
    if (store.revision > last)
      write("BOOKMARK", bookmark(type, Math.max(sent, store.revision), false));
  };
  const seconds = options.timeoutSeconds;
  const timers: Timer[] = [];
  if (options.allowWatchBookmarks) timers.push(setInterval(mark, request.bookmarkEveryMs));
  const stop = () => {
    listeners.delete(flush);
    for (const timer of timers) clearTimeout(timer);
  };
  if (seconds !== undefined && seconds > 0) {
    timers.push(setTimeout(() => sink.end(), seconds * 1000));
    if (options.allowWatchBookmarks && seconds >= bookmarkBeforeEndSeconds)
      timers.push(setTimeout(mark, (seconds - bookmarkBeforeEndSeconds) * 1000));
  }
  listeners.add(flush);
  sink.onGone(stop);
  flush();
}

function shows({ namespace, options }: WatchRequest, object: StoredObject): boolean {
  return selects({ namespace, ...options }, object);
}

/** What a selection sees of an event (apiserver, cacher/cache_watcher.go convertToWatchEvent). */
function transition(
  request: WatchRequest,
  event: StoredEvent,
): { readonly type: string; readonly object: JsonObject } | undefined {
  const { current, previous } = event;
  const is = event.type !== "DELETED" && shows(request, current);
  const was = previous !== undefined && shows(request, previous);
  if (is) return { type: was ? "MODIFIED" : "ADDED", object: current.object };
  if (!was) return undefined;
  return { type: "DELETED", object: atRevision(previous.object, event.revision) };
}

function atRevision(object: JsonObject, revision: number): JsonObject {
  const metadata = { ...(object["metadata"] as JsonObject), resourceVersion: String(revision) };
  return { ...object, metadata };
}

function bookmark(type: FakeType, revision: number, isInitialEnd: boolean): JsonObject {
  const annotations = isInitialEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
  const resourceVersion = String(revision);
  return type.form === "custom"
    ? {
        apiVersion: apiVersionOf(type),
        kind: type.kind,
        metadata: { ...annotations, resourceVersion },
      }
    : {
        kind: type.kind,
        apiVersion: apiVersionOf(type),
        metadata: { resourceVersion, ...annotations },
      };
}

function encodeEvent(
  type: FakeType,
  eventType: string,
  object: JsonObject,
  { format, as }: Negotiated,
): Uint8Array | string {
  if (format === "protobuf") {
    const message = encodeMessage(type, object);
    return frameEvent(eventType, encodeEnvelope(apiVersionOf(type), type.kind, message));
  }
  const shown =
    as === "Table"
      ? table({}, [object])
      : as === "PartialObjectMetadata"
        ? { ...object, kind: as, apiVersion: "meta.k8s.io/v1" }
        : object;
  return `${goJson({ type: eventType, object: shown })}\n`;
}

function encodeError(status: Status, { format }: Negotiated): Uint8Array | string {
  return format === "protobuf"
    ? frameEvent("ERROR", encodeStatusProtobuf({ ...status }))
    : `${goJson({ type: "ERROR", object: status })}\n`;
}
