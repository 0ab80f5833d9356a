import { expired, type Status } from "../api/status.ts";
import type {
  ListerWatcher,
  ListPage,
  ListWatchAnswer,
  ListWatchTarget,
  ProbeFinding,
  WatchStart,
} from "../cache/lister-watcher.ts";
import { configMapBytes, configMapForm, jsonCodec, type ObjectSpec } from "./objects.ts";

const realImmediate = setImmediate;

/** Lets what has been set off come to its end, under fake timers too. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => realImmediate(resolve));
}

/** A body that the test writes. It fails with the call's signal, as a fetch's does. */
export class ScriptedBody {
  readonly stream: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(signal: AbortSignal) {
    this.stream = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
    });
    signal.addEventListener("abort", () => this.#controller?.error(signal.reason));
  }

  write(...pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#controller?.enqueue(piece);
  }

  text(text: string): void {
    this.write(new TextEncoder().encode(text));
  }

  end(): void {
    this.#controller?.close();
  }

  /** The connection breaks. */
  cut(): void {
    this.#controller?.error(new Error("ECONNRESET"));
  }
}

/** A list or watch that has arrived and waits for the test's answer. */
export class ScriptedCall {
  /** `list limit=500`, `list limit=500 continue=x`, `watch initial events`, `watch 7`. */
  readonly what: string;
  readonly signal: AbortSignal;
  readonly answer = Promise.withResolvers<ListWatchAnswer>();

  constructor(what: string, signal: AbortSignal) {
    this.what = what;
    this.signal = signal;
    signal.addEventListener("abort", () => this.answer.reject(signal.reason));
  }

  async stream(...pieces: readonly Uint8Array[]): Promise<ScriptedBody> {
    const body = new ScriptedBody(this.signal);
    this.answer.resolve({ status: 200, contentType: "application/json", body: body.stream });
    body.write(...pieces);
    await settle();
    return body;
  }

  async refuse(status: number, message = `refused with ${status}`): Promise<void> {
    this.answer.resolve({ status, message });
    await settle();
  }

  /** No answer comes. */
  async fail(message = "ECONNREFUSED"): Promise<void> {
    this.answer.reject(new Error(message));
    await settle();
  }
}

/** A ListerWatcher whose every answer a test gives by hand. */
export class ScriptedUpstream implements ListerWatcher {
  readonly calls: ScriptedCall[] = [];
  link: ProbeFinding = "alive";
  probes = 0;
  /** How many chunks of bodies it was told of. */
  bytes = 0;
  #outage: PromiseWithResolvers<void> | undefined;
  readonly #listeners = new Set<() => void>();

  list(_target: ListWatchTarget, page: ListPage, signal: AbortSignal): Promise<ListWatchAnswer> {
    const token = page.continue === "" ? "" : ` continue=${page.continue}`;
    return this.#arrived(`list limit=${page.limit}${token}`, signal);
  }

  watch(
    _target: ListWatchTarget,
    start: WatchStart,
    _timeoutSeconds: number,
    signal: AbortSignal,
  ): Promise<ListWatchAnswer> {
    const from = start.from === "resourceVersion" ? start.resourceVersion : start.from;
    return this.#arrived(`watch ${from}`, signal);
  }

  probe(): Promise<ProbeFinding> {
    this.probes++;
    return Promise.resolve(this.link);
  }

  heard(): void {
    this.bytes++;
  }

  get outage(): Promise<void> | undefined {
    return this.#outage?.promise;
  }

  onOutage(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Nothing is reachable from here on, until `up`. */
  down(): void {
    this.#outage = Promise.withResolvers();
    for (const listener of this.#listeners) listener();
  }

  up(): void {
    this.#outage?.resolve();
    this.#outage = undefined;
  }

  get log(): readonly string[] {
    return this.calls.map(({ what }) => what);
  }

  /** The latest call, which must be this one. */
  at(what: string): ScriptedCall {
    const last = this.calls.at(-1);
    if (last?.what !== what) throw new Error(`not ${what} but ${this.log.join(", ")}`);
    return last;
  }

  #arrived(what: string, signal: AbortSignal): Promise<ListWatchAnswer> {
    const call = new ScriptedCall(what, signal);
    this.calls.push(call);
    return call.answer.promise;
  }
}

/** An event off the wire of configmaps. */
export function event(type: "ADDED" | "MODIFIED" | "DELETED", spec: ObjectSpec): Uint8Array {
  return jsonCodec.event(type, configMapForm, configMapBytes(jsonCodec, spec));
}

export function bookmark(resourceVersion: string, kind: "end" | "plain" = "plain"): Uint8Array {
  return jsonCodec.bookmark(configMapForm, resourceVersion, kind === "end");
}

export function errorEvent(code: number): Uint8Array {
  const status: Status = { ...expired(`error ${code}`).status, code };
  return jsonCodec.error(status);
}

/** A page of configmaps at 10; `token` is the next page's. */
export function listPage(
  specs: readonly ObjectSpec[],
  token = "",
  resourceVersion = "10",
): Uint8Array {
  const metadata = { resourceVersion, continue: token };
  const items = specs.map((spec) =>
    JSON.parse(new TextDecoder().decode(configMapBytes(jsonCodec, spec))),
  );
  return new TextEncoder().encode(
    JSON.stringify({ kind: "ConfigMapList", apiVersion: "v1", metadata, items }),
  );
}
