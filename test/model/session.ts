import type { Choice, Resource } from "./moves.ts";
import type { World } from "./world.ts";

/** A rule that an answer breaks. */
export class Violation extends Error {
  constructor(rule: string, what: string) {
    super(`${rule}: ${what}`);
    this.name = "Violation";
  }
}

/** What later reads have to show: the key (all keys of a namespace without one) as it was at a revision. */
interface Floor {
  readonly resource: Resource;
  readonly namespace: string;
  readonly key: string | undefined;
  /** Told late: of a deletion without a version its revision is known by the history only. */
  readonly revision: () => number;
  readonly because: string;
}

function isOwed({ namespace, key }: Floor, of: string): boolean {
  return key === undefined ? of.startsWith(`${namespace}/`) : of === key;
}

/** What was so when a request was sent. */
export interface Moment {
  readonly floors: number;
  /** Where upstream was when the proxy was last started. */
  readonly startedAt: number;
  readonly revision: number;
  readonly troubles: number;
  readonly isTroubled: boolean;
  readonly at: number;
}

/** An outage is found over by then: the longest wait between two probes, and one that is under way. */
const longestOutMs = 8000;

/** What the clients of the proxy have been told so far, and what went wrong on the way. */
export class Session {
  readonly world: World;
  readonly violations: Violation[] = [];
  readonly counts: Record<string, number> = {};
  /** List versions that clients have seen, latest last. */
  readonly seen: Record<Resource, number[]> = { configmaps: [], pods: [], widgets: [] };
  #floors: Floor[] = [];
  #reached = new Map<string, number>();
  #late: (() => void)[] = [];
  #troubles = 0;
  #isTroubled = false;
  #mayBeOutUntil = 0;
  #flushed = new Map<string, number>();
  #cached = new Map<string, { readonly revision: number; readonly at: number }[]>();
  /** The past states that the cache has shown, and when; those of before a kill that are on disk. */
  #past = new Map<string, number>();
  #keptPast = new Set<string>();
  /** Where upstream was when the proxy was last started. */
  startedAt = 0;
  compactions = 0;
  bursts = 0;

  constructor(world: World) {
    this.world = world;
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  now(): Moment {
    return {
      floors: this.#floors.length,
      startedAt: this.startedAt,
      revision: this.world.revision(),
      troubles: this.#troubles,
      isTroubled: this.#isTroubled,
      at: Date.now(),
    };
  }

  /** Something goes wrong for a moment, or until `calm`. */
  trouble(long: "a moment" | "until calm"): void {
    this.#troubles++;
    if (long === "until calm") this.#isTroubled = true;
  }

  calm(): void {
    this.#isTroubled = false;
  }

  /** Whether errors are excused for a request that began then and ends now. */
  isExcused(begun: Moment): boolean {
    return begun.isTroubled || this.#isTroubled || begun.troubles !== this.#troubles;
  }

  /** Connections were refused or reset: for a while the proxy may take upstream to be out. */
  mayBeOut(): void {
    this.#mayBeOutUntil = Date.now() + longestOutMs;
  }

  /** Whether upstream may have been out of reach for a request that began then and ends now. */
  wasOut(begun: Moment): boolean {
    return this.isExcused(begun) || begun.at < this.#mayBeOutUntil;
  }

  /** Whether the proxy may not have found yet that upstream is there. */
  get isOut(): boolean {
    return Date.now() < this.#mayBeOutUntil;
  }

  isBack(): void {
    this.#mayBeOutUntil = 0;
  }

  /** Whether the proxy must have an answer, be upstream there or not: it has answered so before, and has that on disk. */
  isHeld(question: string): boolean {
    return !this.world.isTight && (this.flushed(question) > 0 || this.#cached.has(question));
  }

  /** Notes how far an answer from the cache was. */
  cached(question: string, revision: number): void {
    const all = this.#cached.get(question) ?? [];
    all.push({ revision, at: Date.now() });
    this.#cached.set(question, all);
  }

  /** Notes that the cache has shown a past state. */
  shownPast(question: string, revision: number): void {
    const name = `${question} @${revision}`;
    if (!this.#past.has(name)) this.#past.set(name, Date.now());
  }

  /** Whether the proxy must have this past state: it has shown it before it was killed. */
  holdsPast(question: string, revision: number): boolean {
    const { isTight, hasShortWindow } = this.world;
    const isForgetful = this.compactions > 0 || hasShortWindow;
    return !isTight && !isForgetful && this.#keptPast.has(`${question} @${revision}`);
  }

  /** The proxy was killed: what it has shown, so long before, it has on disk. */
  killed(flushedMs: number): void {
    const before = Date.now() - flushedMs;
    for (const [question, all] of this.#cached) {
      const flushed = all.filter(({ at }) => at <= before).map(({ revision }) => revision);
      this.#flushed.set(question, Math.max(this.flushed(question), ...flushed));
    }
    this.#cached.clear();
    for (const [name, at] of this.#past) if (at <= before) this.#keptPast.add(name);
    this.#past.clear();
    this.startedAt = this.world.revision();
  }

  /** How far the question had been answered by what was on disk when the proxy was killed. */
  flushed(question: string): number {
    return this.#flushed.get(question) ?? 0;
  }

  /** Runs a check at once, or when the history reaches as far. */
  check(run: () => void): void {
    if (this.world.target === "real") this.#late.push(run);
    else this.checkNow(run);
  }

  /** Runs the checks that waited for the history. */
  async checkLate(): Promise<void> {
    await this.world.catchUp();
    const late = this.#late;
    this.#late = [];
    for (const run of late) this.checkNow(run);
  }

  checkNow(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.violations.push(error);
    }
  }

  /** Upstream is another: what was owed, seen and kept is of no meaning there (CONTRACT 17). */
  forget(): void {
    this.#floors = [];
    this.#reached = new Map();
    this.#flushed = new Map();
    this.#cached = new Map();
    this.#past = new Map();
    this.#keptPast = new Set();
    this.startedAt = 0;
    for (const seen of Object.values(this.seen)) seen.length = 0;
    for (const history of Object.values(this.world.histories)) history.clear();
  }

  owe(floor: Floor): void {
    this.#floors.push(floor);
  }

  /** CONTRACT 2 to 4: a state of the choice at this revision shows all that was owed when it was asked for. */
  checkFloors(resource: Resource, choice: Choice, revision: number, begun: Moment, what: string) {
    const history = this.world.histories[resource];
    for (const floor of this.#floors.slice(0, begun.floors)) {
      if (floor.resource !== resource) continue;
      const owed = floor.revision();
      if (owed <= revision) continue;
      const shown = history.at(revision, choice);
      const must = history.at(owed, choice);
      const keys = new Set([...shown, ...must].map(({ key }) => key));
      for (const key of keys) {
        if (!isOwed(floor, key)) continue;
        const is = shown.find((each) => each.key === key)?.revision;
        const should = must.find((each) => each.key === key)?.revision;
        if (is === should) continue;
        const where = `at ${revision} it shows ${key} ${is ?? "absent"}, but at ${owed} it is ${should ?? "absent"}`;
        throw new Violation("CONTRACT 2", `${what} does not show ${floor.because}: ${where}`);
      }
    }
  }

  /** The latest revision at which the key is owed. */
  floorOf(resource: Resource, key: string, begun: Moment): number {
    return this.#floors
      .slice(0, begun.floors)
      .filter((floor) => floor.resource === resource && isOwed(floor, key))
      .reduce((latest, floor) => Math.max(latest, floor.revision()), 0);
  }

  /** How far the same question to the cache had been answered. */
  reached(question: string): number {
    return this.#reached.get(question) ?? 0;
  }

  reach(question: string, revision: number): void {
    this.#reached.set(question, Math.max(this.reached(question), revision));
  }

  /** Notes a list's version for later reads to name. */
  note(resource: Resource, revision: number): void {
    this.world.saw(revision);
    this.seen[resource].push(revision);
  }

  /** A version seen a while ago; 0 stands for none. */
  seenBack(resource: Resource, back: number): number {
    const seen = this.seen[resource];
    return seen[Math.max(0, seen.length - 1 - back)] ?? 0;
  }
}
