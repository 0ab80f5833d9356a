import type { Server } from "../../http.ts";
import { watchEvents } from "../../watch-lines.ts";
import type { CaseContext } from "../context.ts";

/** The same watch through the target and at the apiserver itself. */
export interface BothWatches {
  /** Waits until each has so many events, 30 s at most, and compares them one by one. */
  compare(count: number): Promise<void>;
  end(): void;
}

const patienceMs = 30_000;

interface Followed {
  readonly events: unknown[];
  failure: string | undefined;
}

/** Begins both at this resourceVersion. */
export function followBoth(
  context: CaseContext,
  path: string,
  resourceVersion: string,
): BothWatches {
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  const watch = `${path}&watch=1&resourceVersion=${resourceVersion}&timeoutSeconds=600`;
  const begin = (server: Server): Followed => {
    const followed: Followed = { events: [], failure: undefined };
    const follow = async () => {
      for await (const event of watchEvents(server, watch, signal)) followed.events.push(event);
      followed.failure = "the watch ended";
    };
    follow().catch((error: unknown) => {
      followed.failure = error instanceof Error ? error.message : String(error);
    });
    return followed;
  };
  const [proxied, direct] = [begin(context.server), begin(context.apiserver)];
  return {
    end: () => over.abort(),
    compare: async (count) => {
      const end = performance.now() + patienceMs;
      const isThere = ({ events, failure }: Followed) =>
        events.length >= count || failure !== undefined;
      while (!(isThere(proxied) && isThere(direct)) && performance.now() < end) {
        context.signal.throwIfAborted();
        context.tell(`${proxied.events.length}/${count} events`);
        await Bun.sleep(20);
      }
      compareEvents(context, proxied, direct, count);
    },
  };
}

function compareEvents(
  { checks }: CaseContext,
  proxied: Followed,
  direct: Followed,
  count: number,
): void {
  for (let at = 0; at < count; at++) {
    const [event, right] = [proxied.events[at], direct.events[at]];
    const isSame = right !== undefined && Bun.deepEquals(event, right, true);
    const says = () =>
      `event ${at}: ${shown(event, proxied)}; the apiserver sent ${shown(right, direct)}`;
    checks.expect("watch: the events that the apiserver sends, in its order", isSame, says);
  }
  const more = proxied.events.length - count;
  checks.expect("watch: no event more", more <= 0, () => `${more} more`);
}

function shown(event: unknown, { failure }: Followed): string {
  if (event !== undefined) return JSON.stringify(event).slice(0, 160);
  return `none (${failure ?? "none came in time"})`;
}
