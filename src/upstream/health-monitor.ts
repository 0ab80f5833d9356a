import type { ProbeReport } from "./health-probe.ts";
import {
  type FailureKind,
  type HealthEffect,
  type HealthEvent,
  type HealthState,
  healthy,
} from "./health-state.ts";
import type { HealthTiming } from "./health-timing.ts";
import { dueMs, step } from "./health.ts";
import { type WaitingHead, WaitingHeads } from "./waiting-heads.ts";

/** The kube-apiserver is not reachable. */
export interface Outage {
  /** The first sign of it. */
  readonly since: Date;
}

/** Told once when an outage is known, and once when it is over. */
export type OutageNews =
  | { readonly is: "down"; readonly since: Date }
  | { readonly is: "up"; readonly since: Date; readonly lastedMs: number };

/** How many probes came to what. `unanswered`: given up, by its time or because something else was heard. */
export interface ProbeOutcomes {
  readonly answered: number;
  readonly failed: number;
  readonly unanswered: number;
}

/** Sends a probe on a new connection; the result gives it up. */
export type SendProbe = (report: (told: ProbeReport) => void) => () => void;

/** Waiting for an answer is over: nothing is reachable. */
export class LinkLostError extends Error {
  constructor() {
    super("nothing is reachable");
    this.name = "LinkLostError";
  }
}

const now = () => performance.now();

/** Plays the state machine of CONTRACT 18 against the clock: sends its probes, tells what it declares. Its timers keep no process alive. */
export class HealthMonitor {
  readonly #sendProbe: SendProbe;
  readonly #timing: HealthTiming;
  readonly #listeners = new Set<(news: OutageNews) => void>();
  readonly #waiting: WaitingHeads;
  readonly #probes = new Map<number, () => void>();
  readonly #outcomes = { answered: 0, failed: 0, unanswered: 0 };
  #state: HealthState = healthy(now());
  #isIdleProbed = false;
  #outage: Outage | undefined;
  #settling: PromiseWithResolvers<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerMs = Infinity;

  constructor(sendProbe: SendProbe, timing: HealthTiming) {
    this.#sendProbe = sendProbe;
    this.#timing = timing;
    this.#waiting = new WaitingHeads({
      timing,
      now,
      heardMs: () => ("heardMs" in this.#state ? this.#state.heardMs : 0),
      doubt: (sinceMs) => this.#take({ is: "quiet", sinceMs }),
    });
  }

  /** From here on a link that is quiet is probed too, at once for the first time. */
  start(): void {
    this.#isIdleProbed = true;
    this.#state = healthy(now() - this.#timing.intervalMs);
    this.#arm();
  }

  /** Undefined while all is well, or only doubted. */
  get outage(): Outage | undefined {
    return this.#outage;
  }

  get probeOutcomes(): ProbeOutcomes {
    return { ...this.#outcomes };
  }

  /** The listener is told after `outage` has changed, and before who waits; the result takes it off. */
  onOutage(listener: (news: OutageNews) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A head has come. */
  answered({ status, headers }: Response): void {
    if (status < 500) return this.heard("answer");
    this.#take({ is: "answered", status, hasAuditId: headers.has("audit-id") });
  }

  /** A byte of a body has come, or an answer that says more than a gateway could. */
  heard(what: "byte" | "answer" = "byte"): void {
    // Nearly always this is all that `step` would do, and it is done for each request and each chunk.
    const state = this.#state;
    if (state.phase === "Healthy" && state.probes.length === 0)
      this.#state = { ...state, heardMs: now() };
    else if (what === "byte") this.#take({ is: "heard" });
    else this.#take({ is: "answered", status: 200, hasAuditId: true });
  }

  failed(how: FailureKind): void {
    this.#take({ is: "failed", how });
  }

  /** The server or the credentials are others. */
  changed(): void {
    this.#take({ is: "changed" });
  }

  /**
   * A request has been sent and waits for its head: it is doubted after a second, and again for as long as nothing is heard.
   * The result ends the waiting.
   */
  watchHead(waiting: WaitingHead): () => void {
    return this.#waiting.add(waiting);
  }

  /** Resolves when nothing is in doubt: up or down. */
  settled(): Promise<void> {
    return this.#settling?.promise ?? Promise.resolve();
  }

  #take(event: HealthEvent): void {
    const { state, effects } = step(this.#state, event, now(), this.#timing);
    const wasDoubtful = this.#state.phase === "Doubtful";
    this.#state = state;
    if (state.phase === "Doubtful") this.#settling ??= Promise.withResolvers();
    for (const effect of effects) this.#do(effect);
    if (this.#probes.size > 0) this.#giveUpProbes();
    if (wasDoubtful && this.#state.phase !== "Doubtful") {
      this.#settling?.resolve();
      this.#settling = undefined;
    }
    this.#arm();
  }

  #do(effect: HealthEffect): void {
    switch (effect.do) {
      case "probe": {
        const probe = effect.id;
        this.#probes.set(
          probe,
          this.#sendProbe((told) => {
            if (told.is !== "handshaken" && this.#probes.delete(probe)) this.#outcomes[told.is]++;
            this.#take({ ...told, probe });
          }),
        );
        return;
      }
      case "declare down": {
        const since = new Date(Date.now() - (now() - effect.sinceMs));
        this.#outage = { since };
        this.#tell({ is: "down", since });
        this.#waiting.giveUpAll(new LinkLostError());
        return;
      }
      case "declare up": {
        const since = this.#outage?.since ?? new Date();
        this.#outage = undefined;
        this.#tell({ is: "up", since, lastedMs: now() - effect.sinceMs });
      }
    }
  }

  #tell(news: OutageNews): void {
    for (const listener of this.#listeners) listener(news);
  }

  /** Those that the state does not know any more. */
  #giveUpProbes(): void {
    const known = new Set(this.#state.probes.map(({ id }) => id));
    for (const [id, giveUp] of this.#probes) {
      if (known.has(id)) continue;
      this.#probes.delete(id);
      this.#outcomes.unanswered++;
      giveUp();
    }
  }

  /** A timer that fires too early looks again: answers move the time on far too often to set another for each. */
  #arm(): void {
    const isIdle = "heardMs" in this.#state && this.#state.probes.length === 0;
    if (isIdle && !this.#isIdleProbed) return;
    const atMs = dueMs(this.#state, this.#timing);
    if (atMs >= this.#timerMs) return;
    clearTimeout(this.#timer);
    this.#timerMs = atMs;
    this.#timer = setTimeout(
      () => {
        this.#timerMs = Infinity;
        this.#take({ is: "time" });
      },
      Math.max(0, atMs - now()),
    );
    this.#timer.unref();
  }
}
