import { Backoff, pause, until } from "./backoff.ts";
import type { ListerWatcher } from "./lister-watcher.ts";
import type { ReflectorOptions } from "./reflector-state.ts";

/** When upstream is back, the scopes of a node resume within so long, not all at once. */
const resumeWithinMs = 1000;

/** Failures that follow one another: each is told, and waited after for longer than the one before. */
export class Outage {
  readonly #upstream: Pick<ListerWatcher, "outage">;
  readonly #report: ReflectorOptions["report"];
  readonly #backoff = new Backoff(400, 30_000);
  #isUnderWay = false;

  constructor(upstream: Pick<ListerWatcher, "outage">, report: ReflectorOptions["report"]) {
    this.#upstream = upstream;
    this.#report = report;
  }

  /** Resolves when it is time to try again, or with the signal. Nothing is tried while upstream is not reachable. */
  async failed(error: Error, signal: AbortSignal): Promise<void> {
    this.#report(this.#isUnderWay ? "failing again" : "failing", error);
    this.#isUnderWay = true;
    const { outage } = this.#upstream;
    if (outage === undefined) return await pause(this.#backoff.next(), signal);
    await until(outage, signal);
    this.#backoff.reset();
    await pause(Math.random() * resumeWithinMs, signal);
  }

  over(): void {
    this.#backoff.reset();
    if (this.#isUnderWay) this.#report("recovered", undefined);
    this.#isUnderWay = false;
  }
}
