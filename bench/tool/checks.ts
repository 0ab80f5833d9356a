/** What was compared under one name, and how often it held. */
export interface Check {
  readonly name: string;
  readonly made: number;
  readonly held: number;
  /** The first few that did not hold. */
  readonly failures: readonly string[];
}

const shownFailures = 5;

/** The checks of one case on one target. */
export class Checks {
  readonly #checks = new Map<string, Check>();

  /** Counts one comparison; `otherwise` says what was there instead, in one line. */
  expect(name: string, holds: boolean, otherwise: () => string): void {
    const { made, held, failures } = this.#checks.get(name) ?? { made: 0, held: 0, failures: [] };
    const isShown = !holds && failures.length < shownFailures;
    this.#checks.set(name, {
      name,
      made: made + 1,
      held: held + (holds ? 1 : 0),
      failures: isShown ? [...failures, otherwise()] : failures,
    });
  }

  get all(): readonly Check[] {
    return [...this.#checks.values()];
  }
}
