import type { GroupVersionResource } from "../api/group-version-resource.ts";
import type { Selection } from "../api/selection.ts";
import type { Apiserver } from "./apiserver.ts";
import { resourcePath } from "./resource-path.ts";

/** Fits cache/lister-watcher.ts by shape. */
interface Target extends Selection {
  readonly gvr: GroupVersionResource;
  readonly format: "json" | "protobuf";
}

interface Answer {
  readonly status: number;
  readonly message: string;
}

interface Stream {
  readonly status: 200;
  readonly contentType: string;
  readonly warning: string | undefined;
  readonly body: ReadableStream<Uint8Array>;
}

type Start =
  | { readonly from: "resourceVersion"; readonly resourceVersion: string }
  | { readonly from: "initial events" };

/** Our own lists and watches must have a head by then (CONTRACT 19). */
const listHeadMs = 60_000;

const mediaTypes = {
  json: "application/json",
  protobuf: "application/vnd.kubernetes.protobuf",
} as const;

/** Lists and watches with the proxy's own credentials. */
export class UpstreamListerWatcher {
  readonly #apiserver: Apiserver;

  constructor(apiserver: Apiserver) {
    this.#apiserver = apiserver;
  }

  /** One page of a consistent list. */
  list(
    target: Target,
    page: { readonly limit: number; readonly continue: string },
    signal: AbortSignal,
  ): Promise<Stream | Answer> {
    const query = selectors(target);
    if (page.limit > 0) query.set("limit", String(page.limit));
    if (page.continue !== "") query.set("continue", page.continue);
    return this.#stream(target, query, "bulk", mediaTypes[target.format], signal);
  }

  /** A watch with bookmarks, from a resourceVersion or from the current state. */
  watch(
    target: Target,
    start: Start,
    timeoutSeconds: number,
    signal: AbortSignal,
  ): Promise<Stream | Answer> {
    const query = selectors(target);
    query.set("watch", "true");
    query.set("allowWatchBookmarks", "true");
    query.set("timeoutSeconds", String(timeoutSeconds));
    if (start.from === "resourceVersion") query.set("resourceVersion", start.resourceVersion);
    else {
      query.set("sendInitialEvents", "true");
      query.set("resourceVersionMatch", "NotOlderThan");
    }
    const mediaType = mediaTypes[target.format];
    const accept = target.format === "json" ? mediaType : `${mediaType};stream=watch`;
    return this.#stream(target, query, "watch", accept, signal);
  }

  /** Asks over the connection that carries watches, where they share one; any HTTP answer is life. */
  async probe(): Promise<"alive" | "alive elsewhere" | "dead"> {
    if (!(await this.#apiserver.probe("watch"))) return "dead";
    return this.#apiserver.watchesShareConnection ? "alive" : "alive elsewhere";
  }

  heard(): void {
    this.#apiserver.heard();
  }

  /** Resolves when the apiserver is reachable again; undefined while it is. */
  get outage(): Promise<void> | undefined {
    if (this.#apiserver.outage === undefined) return undefined;
    return new Promise((resolve) => {
      const forget = this.#apiserver.onOutage(({ is }) => {
        if (is !== "up") return;
        forget();
        resolve();
      });
    });
  }

  onOutage(listener: () => void): () => void {
    return this.#apiserver.onOutage(({ is }) => is === "down" && listener());
  }

  async #stream(
    target: Target,
    query: URLSearchParams,
    lane: "watch" | "bulk",
    accept: string,
    signal: AbortSignal,
  ): Promise<Stream | Answer> {
    const response = await this.#apiserver.fetch({
      method: "GET",
      target: `${resourcePath(target.gvr, target.namespace)}?${query.toString()}`,
      headers: new Headers({ accept, "accept-encoding": "gzip" }),
      identity: "own",
      lane,
      signal,
      headMs: listHeadMs,
      encoding: "decode",
    });
    if (response.status !== 200 || response.body === null)
      return { status: response.status, message: await messageOf(response) };
    const contentType = response.headers.get("content-type") ?? "";
    const warning = response.headers.get("warning") ?? undefined;
    if (contentType.startsWith(mediaTypes[target.format]))
      return { status: 200, contentType, warning, body: response.body };
    await response.body.cancel();
    return { status: 406, message: `upstream answered ${contentType} to ${accept}` };
  }
}

function selectors(target: Target): URLSearchParams {
  const query = new URLSearchParams();
  if (!target.labelSelector.isEmpty) query.set("labelSelector", target.labelSelector.text);
  if (!target.fieldSelector.isEmpty) query.set("fieldSelector", target.fieldSelector.text);
  return query;
}

/** The message of a Status; of any other body nothing, since it goes into the log. */
async function messageOf(response: Response): Promise<string> {
  const text = await response.text();
  const [, message] = /"message":\s*"((?:[^"\\]|\\.)*)"/.exec(text) ?? [];
  return message ?? `upstream answered ${response.status} without a Status`;
}
