import { Backoff, pause } from "./backoff.ts";
import type { ReflectorOptions } from "./reflector-state.ts";

/** Failures that follow one another: each is told, and waited after for longer than the one before. */
export class Outage {
  readonly #report: ReflectorOptions["report"];
  readonly #backoff = new Backoff(400, 30_000);
  #isUnderWay = false;

  constructor(report: ReflectorOptions["report"]) {
    this.#report = report;
  }

  /** Resolves when it is time to try again, or with the signal. */
  failed(error: Error, signal: AbortSignal): Promise<void> {
    this.#report(this.#isUnderWay ? "failing again" : "failing", error);
    this.#isUnderWay = true;
    return pause(this.#backoff.next(), signal);
  }

  over(): void {
    this.#backoff.reset();
    if (this.#isUnderWay) this.#report("recovered", undefined);
    this.#isUnderWay = false;
  }
}
