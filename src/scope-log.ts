import { AnotherHistoryError } from "./cache/reflector-errors.ts";
import type { Scope } from "./cache/watch-cache.ts";
import { describeScope } from "./cache/watch-caches.ts";
import { log } from "./log.ts";

/** By then an outage is known (CONTRACT 18), and a watch that only broke off goes on again. */
const patienceMs = 5000;

interface Failing {
  /** Until it is told. */
  timer: ReturnType<typeof setTimeout> | undefined;
  isTold: boolean;
}

/**
 * What becomes of scopes' watches, for an operator: at once that upstream has another history, and of one that does not go on
 * while upstream is reachable. An outage has its own line.
 */
export class ScopeLog {
  readonly #isUnreachable: () => boolean;
  readonly #failing = new WeakMap<Scope, Failing>();

  constructor(isUnreachable: () => boolean) {
    this.#isUnreachable = isUnreachable;
  }

  failing(scope: Scope, error: unknown): void {
    const what = nameOf(scope);
    this.#forget(scope);
    const failing: Failing = { timer: undefined, isTold: false };
    this.#failing.set(scope, failing);
    const tell = () => {
      failing.isTold = true;
      log.warn(`${what} failed and is tried again`, { error });
    };
    if (error instanceof AnotherHistoryError) return tell();
    log.debug(`${what} failed and is tried again`, { error });
    failing.timer = setTimeout(() => {
      if (!this.#isUnreachable()) tell();
    }, patienceMs);
    failing.timer.unref();
  }

  recovered(scope: Scope): void {
    const what = nameOf(scope);
    if (this.#forget(scope)) log.info(`${what} goes on`);
    else log.debug(`${what} goes on`);
  }

  tooLarge(scope: Scope): void {
    log.warn(`${nameOf(scope)} does not fit into --memory-limit: its requests go upstream`);
  }

  /** Gives whether it was told. */
  #forget(scope: Scope): boolean {
    const failing = this.#failing.get(scope);
    clearTimeout(failing?.timer);
    this.#failing.delete(scope);
    return failing?.isTold ?? false;
  }
}

function nameOf(scope: Scope): string {
  return `the watch of ${describeScope(scope)}`;
}
