/** What was compared under one name, and how often it held. */
export interface Check {
  readonly name: string;
  readonly made: number;
  readonly held: number;
  /** The first few different ones of those that did not hold. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly text: string;
  readonly times: number;
}

interface Counted {
  made: number;
  held: number;
  readonly failures: Map<string, number>;
}

const shownFailures = 5;

/** The checks of one case on one target. */
export class Checks {
  readonly #checks = new Map<string, Counted>();

  /** Counts one comparison; `otherwise` says what was there instead, in one line. */
  expect(name: string, holds: boolean, otherwise: () => string): void {
    const check = this.#checks.get(name) ?? { made: 0, held: 0, failures: new Map() };
    this.#checks.set(name, check);
    check.made++;
    if (holds) check.held++;
    else countFailure(check.failures, otherwise());
  }

  get all(): readonly Check[] {
    return [...this.#checks].map(([name, { made, held, failures }]) => ({
      name,
      made,
      held,
      failures: [...failures].map(([text, times]) => ({ text, times })),
    }));
  }
}

function countFailure(failures: Map<string, number>, text: string): void {
  const times = failures.get(text) ?? 0;
  if (times > 0 || failures.size < shownFailures) failures.set(text, times + 1);
}
