import type { ResourceVersion } from "../api/resource-version.ts";
import type { Tally } from "./tally.ts";
import type { KeptState } from "./watch-cache.ts";

/** What a reflector has: nothing, a whole state, or a state that a live watch keeps current. */
export type ReflectorState =
  | { readonly phase: "Empty" }
  | { readonly phase: "Listed"; readonly resourceVersion: ResourceVersion }
  | { readonly phase: "Watching"; readonly resourceVersion: ResourceVersion };

export interface ReflectorOptions {
  /** Milliseconds without a byte until the link is probed; the watch is cut when the probe fails. */
  readonly silenceMs: number;
  /** Called for each failure, the first after a success told apart, and once on recovery. */
  readonly report: (outcome: "failing" | "failing again" | "recovered", error: unknown) => void;
  /** Called for every part of a state being filled; throwing gives the fill up. */
  readonly admit: (fillingBytes: number) => void;
  readonly now: () => number;
  /** Where what happens is counted. */
  readonly tally: Tally;
  /** The state that was kept elsewhere, to begin with; undefined where there is none. Never rejects. */
  readonly kept: (() => Promise<KeptState | undefined>) | undefined;
  /** The resourceVersion of a consistent LIST, for a state that has to be confirmed; undefined: only a read has it confirmed. */
  readonly latest: (() => Promise<ResourceVersion>) | undefined;
}
