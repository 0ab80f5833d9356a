import { Violation } from "../model/session.ts";
import { diskFiles } from "./fuzz-disk.ts";
import { heads } from "./fuzz-heads.ts";
import { type Counts, type HostileKind, type HostileScene, type KindOptions } from "./fuzz-kind.ts";
import { mediaTypes } from "./fuzz-media-types.ts";
import { targets } from "./fuzz-targets.ts";
import { upstreamBytes } from "./fuzz-upstream.ts";

/** All kinds of hostile input, in the order in which they run. */
export const hostileKinds: readonly HostileKind[] = [
  targets,
  heads,
  mediaTypes,
  upstreamBytes,
  diskFiles,
];

export interface SeedOutcome {
  readonly counts: Counts;
  /** What went wrong, and how to see it again; undefined: nothing. */
  readonly failure: string | undefined;
}

/** The seeds of one kind, one after another on one proxy; after a failure the next seed has a proxy of its own. */
export class HostileRun {
  readonly #kind: HostileKind;
  readonly #options: KindOptions;
  #scene: HostileScene | undefined;

  constructor(kind: HostileKind, options: KindOptions = {}) {
    this.#kind = kind;
    this.#options = options;
  }

  async seed(seed: number): Promise<SeedOutcome> {
    this.#scene ??= await this.#kind.open(this.#options);
    const scene = this.#scene;
    try {
      return { counts: await scene.run(seed), failure: undefined };
    } catch (error) {
      const output = await scene.output().catch(String);
      await this.stop();
      const what =
        error instanceof Violation
          ? error.message
          : error instanceof Error
            ? (error.stack ?? error.message)
            : String(error);
      const lines = [
        `hostile ${this.#kind.name}, seed ${seed}: ${what}`,
        `  again with: bun run fuzz --hostile ${this.#kind.name} --seed ${seed}`,
        "  the proxy said",
        ...output
          .trimEnd()
          .split("\n")
          .slice(-8)
          .map((line) => `    ${line}`),
      ];
      return { counts: {}, failure: lines.join("\n") };
    }
  }

  async stop(): Promise<void> {
    const scene = this.#scene;
    this.#scene = undefined;
    await scene?.stop();
  }
}
