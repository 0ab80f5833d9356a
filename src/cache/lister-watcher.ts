import type { GroupVersionResource } from "../api/group-version-resource.ts";
import type { Selection } from "../api/selection.ts";
import type { Format } from "../codec/codec.ts";

/** A 200's body as it arrives. */
export interface ListWatchStream {
  readonly status: 200;
  readonly contentType: string;
  /** What is to be said with every answer of the type: that it is deprecated (KEP-1693), as a `Warning` header's value. */
  readonly warning?: string | undefined;
  readonly body: ReadableStream<Uint8Array>;
}

/** Any other answer; its body has been read or thrown away. */
export interface ListWatchRefusal {
  readonly status: number;
  readonly message: string;
}

export type ListWatchAnswer = ListWatchStream | ListWatchRefusal;

/** What of a resource is listed or watched, and in which encoding. */
export interface ListWatchTarget extends Selection {
  readonly gvr: GroupVersionResource;
  readonly format: Format;
}

/** One page of a consistent list; the first page has no `continue`. */
export interface ListPage {
  readonly limit: number;
  readonly continue: string;
}

/** From where a watch begins: a resourceVersion, or the current state as initial events (KEP-3157). */
export type WatchStart =
  | { readonly from: "resourceVersion"; readonly resourceVersion: string }
  | { readonly from: "initial events" };

/**
 * What a probe found. `alive elsewhere`: upstream answers, but over another connection than a watch that is open (HTTP/1.1), and
 * that one may be half-open.
 */
export type ProbeFinding = "alive" | "alive elsewhere" | "dead";

/**
 * What a Reflector needs of an apiserver. Both reject only when no answer came (refused, cut, out of time); they end with
 * the signal. Bookmarks are always asked for.
 */
export interface ListerWatcher {
  list(target: ListWatchTarget, page: ListPage, signal: AbortSignal): Promise<ListWatchAnswer>;
  watch(
    target: ListWatchTarget,
    start: WatchStart,
    timeoutSeconds: number,
    signal: AbortSignal,
  ): Promise<ListWatchAnswer>;
  /** Whether the link that carries watches is alive: asked when one has been silent. Never rejects. */
  probe(): Promise<ProbeFinding>;
  /** Told of every byte of a body: who hears something need not ask whether upstream is there. */
  heard(): void;
  /** Resolves when upstream is reachable again; undefined while it is. Lists and watches fail at once until then. */
  readonly outage: Promise<void> | undefined;
  /** Calls when upstream is found not to be reachable: what is open is dead. The result takes the listener off. */
  onOutage(listener: () => void): () => void;
}

/** Whether the answer is a stream to read. */
export function isStream(answer: ListWatchAnswer): answer is ListWatchStream {
  return answer.status === 200 && "body" in answer;
}
