import { jest } from "bun:test";

import { everyField } from "../api/field-selector.ts";
import { everything } from "../api/label-selector.ts";
import { parseResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import { Reflector } from "../cache/reflector.ts";
import { Tally } from "../cache/tally.ts";
import { type KeptState, WatchCache } from "../cache/watch-cache.ts";
import { jsonCodec } from "./objects.ts";
import {
  bookmark,
  event,
  listPage,
  type ScriptedBody,
  ScriptedUpstream,
  settle,
} from "./scripted-upstream.ts";

/** Longer than any first wait (400 ms, half more), shorter than any fourth one. */
export const firstWaitMs = 600;
export const silenceMs = 10_000;
export const a3 = { name: "a", resourceVersion: "3" };
export const b4 = { name: "b", resourceVersion: "4" };

export interface SceneOptions {
  readonly watchFrom?: string;
  readonly resource?: string;
  /** What was kept elsewhere, to begin with. */
  readonly kept?: KeptState;
  readonly latest?: () => Promise<ResourceVersion>;
}

/** Lets time pass in small steps, and what it sets off come to its end. Needs fake timers. */
export async function pass(ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 100) {
    jest.advanceTimersByTime(Math.min(100, ms - at));
    await settle();
  }
}

/** A reflector of a scope, the upstream that a test plays, and what came of it. */
export class Scene {
  readonly upstream = new ScriptedUpstream();
  readonly cache: WatchCache;
  readonly reflector: Reflector;
  /** What was reported, with the error's message. */
  readonly reports: string[] = [];
  /** What a watcher was told: events, `410`, `end`. */
  readonly told: string[] = [];
  readonly tally = new Tally();
  /** How many bytes may be filled. */
  fits = Infinity;
  /** Resolves when the reflector has come to its end. */
  readonly ended: Promise<void>;

  constructor({ watchFrom, resource = "configmaps", kept, latest }: SceneOptions = {}) {
    const gvr = { group: "", version: "v1", resource };
    const selection = { namespace: "", labelSelector: everything, fieldSelector: everyField };
    const limits = { maxEvents: 100, maxBytes: 1 << 20, maxAgeMs: 75_000 };
    this.cache = new WatchCache({ gvr, codec: jsonCodec, ...selection }, limits);
    const options = {
      silenceMs,
      now: () => Date.now(),
      report: (outcome: string, error: unknown) =>
        this.reports.push(error instanceof Error ? `${outcome}: ${error.message}` : outcome),
      tally: this.tally,
      kept: kept && (async () => kept),
      latest,
      admit: (bytes: number) => {
        if (bytes > this.fits) throw new RangeError("it does not fit");
      },
    };
    const from = watchFrom === undefined ? undefined : parseResourceVersion(watchFrom);
    this.reflector = new Reflector(this.cache, this.upstream, options, from);
    this.ended = this.reflector.run();
  }

  subscribe(): void {
    this.cache.subscribe({
      deliver: (frames) => {
        for (const { event: each } of frames)
          this.told.push(`${each.type} ${each.item.name}@${each.item.resourceVersion}`);
      },
      crossed: ({ after, before }) => void this.told.push(`lost ${after} to ${before}`),
      end: (status) => void this.told.push(status ? `${status.code}` : "end"),
    });
  }

  /** The phase, the resourceVersion, the objects. */
  state(): readonly unknown[] {
    const items = [...(this.cache.store?.items() ?? [])];
    return [
      this.reflector.state.phase,
      this.cache.resourceVersion,
      ...items.map(({ name, resourceVersion }) => `${name}@${resourceVersion}`),
    ];
  }

  /** It has a@3 at 10, by a WatchList that is open. */
  async watching(): Promise<ScriptedBody> {
    const call = this.upstream.at("watch initial events");
    const body = await call.stream(event("ADDED", a3), bookmark("10", "end"));
    this.subscribe();
    return body;
  }

  /** It has these objects at 10, by pages; gives the body of the watch that follows, from there. */
  async listed(from = "10", specs = [a3]): Promise<ScriptedBody> {
    (await this.upstream.at("list limit=500").stream(listPage(specs))).end();
    await settle();
    this.subscribe();
    return this.upstream.at(`watch ${from}`).stream();
  }

  async stop(): Promise<void> {
    this.reflector.stop();
    await this.ended;
  }
}
