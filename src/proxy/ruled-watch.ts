import { decodeListOptions, defaultWatchOptions } from "../api/list-options.ts";
import { parametersOf } from "../api/query.ts";
import { codecOf } from "../codec/codecs.ts";
import { decodeString, findMember, latin1 } from "../codec/json.ts";
import { mapBody, type MappedObject } from "../codec/map-body.ts";
import { formatOf } from "../codec/media-type.ts";
import { identityPaths, trimOf, withoutVersion } from "../codec/trim.ts";
import { encodeFrame, type WatchFrame, watchFrames } from "../codec/watch-frames.ts";
import { type Answer, isStream } from "../http/answer.ts";
import type { View } from "../rules/view.ts";
import { cannotObey, objectMap } from "./ruled-answer.ts";
import type { Ruled } from "./ruled-request.ts";

/** Of how many objects a forwarded watch remembers what was shown: of others it is not known. */
const maxRemembered = 65_536;

/** What was last shown of an object: a digest of it, or that it was hidden. */
type LastShown = bigint | "hidden";

/** Whether a watch tells of all there is before it goes on. */
export type Begin = "begins with all" | "goes on";

/** How the watch begins that asks for this path and query (KUBERNETES.md 5). */
export function beginOf(target: string): Begin {
  const options = decodeListOptions(parametersOf(target));
  return defaultWatchOptions(options).sendInitialEvents === true ? "begins with all" : "goes on";
}

/**
 * A watch of upstream as the rules leave it: what becomes hidden is a DELETED with its metadata only, what appears an ADDED,
 * what changes nothing visible is not sent. Bookmarks and errors pass as they are.
 */
export function shownWatch(answer: Answer, ruled: Ruled, begin: Begin): Answer {
  const format = formatOf(answer.headers.get("content-type") ?? "");
  if (!isStream(answer.body)) return answer;
  if (format === undefined) throw cannotObey(ruled.view, "its form is not known");
  const frames = watchFrames(format);
  const seen = new SeenObjects(ruled, begin);
  const reader = answer.body.getReader();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          const shown = frames.push(value).flatMap((frame) => seen.shown(frame, format) ?? []);
          if (shown.length === 0) continue;
          return controller.enqueue(Buffer.concat(shown));
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  const headers = new Headers(answer.headers);
  headers.delete("content-length");
  return { status: answer.status, headers, body, early: answer.early };
}

/** What one watcher has seen of which objects. */
class SeenObjects {
  readonly #ruled: Ruled;
  readonly #view: View;
  #isComplete: boolean;
  #last = new Map<string, LastShown>();

  constructor(ruled: Ruled, begin: Begin) {
    this.#ruled = ruled;
    this.#view = ruled.view;
    this.#isComplete = begin === "begins with all";
  }

  /** The event as it is shown; undefined where it is not. Throws for what cannot be read. */
  shown(frame: WatchFrame, format: "json" | "protobuf"): Uint8Array | undefined {
    if (frame.type === "BOOKMARK" || frame.type === "ERROR") return frame.whole;
    let type: string | undefined = frame.type;
    const isTable = format === "json" && kindOf(frame.object) === "Table";
    const map = {
      ...objectMap(this.#ruled, "event"),
      shown: (object: MappedObject) => {
        const look = this.#look(frame.type, object);
        // The cells of a row would tell of what is hidden.
        const isTold = look.type === "DELETED" && frame.type !== "DELETED" ? !isTable : true;
        type = isTold ? look.type : undefined;
        return isTold ? look.bytes : undefined;
      },
    };
    const mapped = mapBody(frame.object, format, map);
    if (mapped.is !== "shown") return undefined;
    // A Table's first event names its columns, also where no row of it is shown.
    if (type === undefined)
      return isTable && hasColumns(frame.object)
        ? encodeFrame(format, frame.type, mapped.bytes)
        : undefined;
    if (mapped.bytes === frame.object && type === frame.type) return frame.whole;
    return encodeFrame(format, type, mapped.bytes);
  }

  #look(
    type: string,
    object: MappedObject,
  ): { readonly type: string | undefined; readonly bytes: Uint8Array | undefined } {
    const { selectable, bytes, format } = object;
    const key = `${selectable.namespace}/${selectable.name}`;
    const before = this.#last.get(key);
    const codec = codecOf(format);
    const hider = this.#view.hiderOf(selectable);
    if (hider !== undefined) {
      this.#remember(key, "hidden");
      const wasShown = before === undefined ? this.#mayHaveBeenShown(type) : before !== "hidden";
      if (type !== "MODIFIED" || !wasShown || hider.effect.what.by === "namePrefix")
        return { type: undefined, bytes: undefined };
      return { type: "DELETED", bytes: codec.trim(bytes, identityOnly) };
    }
    const shown = this.#view.trim(codec, selectable.namespace, bytes, "event");
    if (type === "DELETED") {
      this.#last.delete(key);
      return { type, bytes: shown };
    }
    const digest = Bun.hash.xxHash64(codec.trim(shown, withoutVersion));
    this.#remember(key, digest);
    if (type === "MODIFIED" && before === digest) return { type: undefined, bytes: undefined };
    return { type: before === "hidden" ? "ADDED" : type, bytes: shown };
  }

  /** An object that this watch has not told of was shown before it, by the list that it goes on from. */
  #mayHaveBeenShown(type: string): boolean {
    return type === "MODIFIED" && !this.#isComplete;
  }

  #remember(key: string, shown: LastShown): void {
    this.#last.delete(key);
    this.#last.set(key, shown);
    if (this.#last.size <= maxRemembered) return;
    const [oldest] = this.#last.keys();
    if (oldest !== undefined) this.#last.delete(oldest);
    this.#isComplete = false;
  }
}

const identityOnly = trimOf("only these", ...identityPaths);

function kindOf(object: Uint8Array): string {
  const kind = findMember(object, 0, "kind");
  return kind === undefined ? "" : decodeString(object, kind);
}

function hasColumns(table: Uint8Array): boolean {
  const columns = findMember(table, 0, "columnDefinitions");
  return columns !== undefined && latin1(table, columns.start, columns.end) !== "null";
}
