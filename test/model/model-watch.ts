import { pathOf, selectorQuery } from "./choice.ts";
import type { WatchMove } from "./moves.ts";
import { userAgentOf } from "./rules.ts";
import type { Moment, Session } from "./session.ts";
import { SlowClient } from "./slow-client.ts";
import { EventReader, mediaType, type SeenEvent } from "./wire.ts";

/** A scope that was filled is on disk by then, on a busy machine. */
const firstWriteMs = 600;
/** A head that goes out while its scope is being filled is 50 ms late; a timer may be early. */
const headStartMs = 45;
/** A history is kept for longer than this, if nothing is compacted. */
const keptMs = 60_000;

/** An event, and how far upstream was when it came. */
export interface Arrived extends SeenEvent {
  readonly at: number;
  /** Counts how often the watch was asked for before. */
  readonly connection: number;
  /** Whether it came from a watch of upstream. */
  readonly isForwarded: boolean;
}

/** A client's watch: what was asked for, and all that has come. */
export class ModelWatch {
  readonly move: WatchMove;
  readonly target: string;
  /** Absent: from the current state. */
  readonly named: number | undefined;
  readonly begun: Moment;
  /** When it was last asked for. */
  since: Moment;
  /** From where it was asked for again. */
  resumedFrom: number | undefined;
  /** Whether a scope answered it for long enough before the kill to be on disk: with all that it remembers. */
  wasHeld = false;
  readonly events: Arrived[] = [];
  status: number | undefined;
  source = "nowhere";
  /** Where upstream was when the head came; nothing is certain of a watch without. */
  headRevision = Number.POSITIVE_INFINITY;
  ended: "open" | "clean" | "broken" | "closed" = "open";
  endedAfterMs = 0;
  readonly #session: Session;
  #reader: EventReader;
  #abort = new AbortController();
  #headAt = Number.POSITIVE_INFINITY;
  #isHeadLate = false;
  #toldAt = 0;
  #resumptions = 0;
  #slow: SlowClient | undefined;

  constructor(session: Session, move: WatchMove) {
    this.#session = session;
    this.move = move;
    const { resource, choice, version } = move;
    const seen =
      version.is === "seen"
        ? session.seenBack(resource, version.back)
        : version.is === "ahead"
          ? session.world.revision() + 3
          : 0;
    this.named = seen === 0 ? undefined : seen;
    const resourceVersion = version.is === "zero" ? "0" : (this.named?.toString() ?? "");
    const query = [
      "watch=1",
      ...(resourceVersion === "" ? [] : [`resourceVersion=${resourceVersion}`]),
      ...selectorQuery(choice),
      ...(move.form === "initial events"
        ? ["sendInitialEvents=true", "resourceVersionMatch=NotOlderThan"]
        : move.form === "no initial events"
          ? ["sendInitialEvents=false", "resourceVersionMatch=NotOlderThan"]
          : []),
      ...(move.wantsBookmarks ? ["allowWatchBookmarks=true"] : []),
      ...(move.timeoutSeconds === undefined ? [] : [`timeoutSeconds=${move.timeoutSeconds}`]),
    ];
    this.target = `${pathOf(resource, choice.namespace)}?${query.join("&")}`;
    this.begun = session.now();
    this.since = this.begun;
    this.#reader = new EventReader(move.format);
    const { proxy } = session.world;
    if (move.isSlow)
      this.#slow = new SlowClient(proxy.url, this.target, move.format, this.#userAgent);
    else void this.#run(this.target);
  }

  /** The version from which a client goes on: all up to it has been told. */
  get position(): number | undefined {
    const isWhole = !this.hasInitialEvents || this.events.some((each) => each.isInitialEnd);
    if (!isWhole || this.events.some(({ type }) => type === "ERROR")) return undefined;
    const last = this.events.at(-1)?.revision;
    return last === undefined ? this.named : Math.max(last, this.named ?? 0);
  }

  /** Whether it is asked for again after a kill at that time, from where it was; what comes is told after what has come. */
  resume(killedAt: number): boolean {
    const { position } = this;
    if (position === undefined || this.ended === "open" || this.ended === "closed") return false;
    if (this.status !== undefined && this.status !== 200) return false;
    this.since = this.#session.now();
    this.resumedFrom = position;
    this.#resumptions++;
    const isOnDisk = killedAt - this.#headAt > this.#session.world.flushMs + firstWriteMs;
    const isKept = Date.now() - this.#toldAt < keptMs;
    this.wasHeld = this.source !== "upstream" && isOnDisk && isKept;
    this.ended = "open";
    this.status = undefined;
    this.#reader = new EventReader(this.move.format);
    this.#abort = new AbortController();
    const { choice, resource, wantsBookmarks } = this.move;
    const query = [
      `watch=1&resourceVersion=${position}`,
      ...selectorQuery(choice),
      ...(wantsBookmarks ? ["allowWatchBookmarks=true"] : []),
    ];
    this.#session.count("watch: resumed");
    void this.#run(`${pathOf(resource, choice.namespace)}?${query.join("&")}`);
    return true;
  }

  /** Whether it begins with the objects that are there. */
  get hasInitialEvents(): boolean {
    return (
      this.move.form === "initial events" ||
      (this.move.form === "legacy" && this.named === undefined)
    );
  }

  get #userAgent(): string {
    return userAgentOf(this.move.choice.reader);
  }

  async #run(target: string): Promise<void> {
    const { url } = this.#session.world.proxy;
    try {
      const response = await fetch(url + target, {
        headers: { Accept: mediaType[this.move.format], "User-Agent": this.#userAgent },
        signal: this.#abort.signal,
        timeout: false,
      } as RequestInit);
      this.#head(response.status, response.headers.get("x-edge-proxy") ?? "none");
      if (response.status === 200) for await (const chunk of response.body ?? []) this.#take(chunk);
      else await response.bytes();
      this.#end(this.#reader.leftOver === "" ? "clean" : "broken");
    } catch {
      this.#end(this.#abort.signal.aborted ? "closed" : "broken");
    }
  }

  #head(status: number, source: string): void {
    this.status = status;
    this.source = source;
    this.#headAt = Date.now();
    this.#isHeadLate = this.#headAt - this.since.at >= headStartMs;
    this.#toldAt = this.#headAt;
    this.headRevision = Math.min(this.headRevision, this.#session.world.revision());
    this.#session.count(`watch: ${status} ${source}`);
    this.#session.count(`watch by ${this.move.choice.reader}: ${source}`);
  }

  /**
   * Whether upstream's own watch may be what tells: a head that went out while a scope was being filled says `cache`, and comes
   * late. Before a fake apiserver the scope is filled after all, unless something has gone wrong since.
   */
  get mayBeForwarded(): boolean {
    if (this.source === "upstream") return true;
    const mayFail = this.#session.world.target === "real" || this.#session.isExcused(this.since);
    return this.move.format === "json" && this.#isHeadLate && mayFail;
  }

  #take(chunk: Uint8Array): void {
    const { world } = this.#session;
    const at = world.target === "fake" ? world.revision() : Number.POSITIVE_INFINITY;
    const { reader } = this.move.choice;
    const connection = this.#resumptions;
    const isForwarded = this.mayBeForwarded;
    for (const event of this.#reader.push(chunk)) {
      this.events.push({ ...event, at, connection, isForwarded });
      this.#toldAt = Date.now();
      this.#session.count(`event: ${event.type}`);
      if (reader === "ruled") this.#session.count(`ruled event: ${event.type} ${this.source}`);
    }
  }

  #end(how: "clean" | "broken" | "closed"): void {
    this.ended = how;
    this.endedAfterMs = Date.now() - this.since.at;
  }

  /** A slow one reads now what has waited for it. */
  async readLate(): Promise<void> {
    if (this.#slow === undefined) return;
    const { status, source, body, ended } = await this.#slow.drain();
    this.#slow = undefined;
    if (status === undefined) return this.#end(ended);
    this.#head(status, source);
    if (status === 200) this.#take(body);
    this.#end(
      ended === "clean" && this.#reader.leftOver === ""
        ? "clean"
        : ended === "clean"
          ? "broken"
          : ended,
    );
  }

  close(): void {
    this.#slow?.close();
    this.#abort.abort();
  }

  get name(): string {
    const { format, choice } = this.move;
    return `WATCH ${this.target} (${format}, by ${choice.reader}, from ${this.source})`;
  }
}
