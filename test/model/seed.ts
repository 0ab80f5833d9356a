import { generateMoves } from "./generate.ts";
import type { Move } from "./moves.ts";
import { type Outcome, runMoves } from "./run.ts";
import type { WorldOptions } from "./world.ts";

export interface SeedOptions extends WorldOptions {
  readonly moves: number;
}

/** Runs what the seed comes to. */
export function runSeed(options: SeedOptions): Promise<Outcome> {
  return runMoves(generateMoves(options.seed, options.moves, options.target), options);
}

/** What a failure is, and how to see it again. */
export function describeFailure(
  options: SeedOptions,
  { failure, description, moves }: Outcome,
): string {
  if (failure === undefined) return "";
  const { violation, done, log } = failure;
  return [
    `seed ${options.seed}, move ${done}: ${violation.message}`,
    `  ${description}`,
    `  again with: bun run fuzz --seed ${options.seed} --moves ${options.moves}${options.target === "real" ? " --real" : ""}`,
    ...lines("the last moves", moves.slice(Math.max(0, done - 12), done).map(showMove)),
    ...lines("the proxy said", log.trimEnd().split("\n").slice(-8)),
  ].join("\n");
}

/** The fewest moves found that still show it; seeks for a minute and a half. */
export async function shrink(options: SeedOptions, { failure, moves }: Outcome): Promise<string> {
  if (failure === undefined) return "";
  const { violation, done } = failure;
  const shrunk = await seekFewer(moves.slice(0, done), options, violation.message);
  if (!shrunk.isSmaller) return "  it did not fail again with fewer moves";
  const head = `${shrunk.moves.length} moves are enough: ${shrunk.message}`;
  return lines(head, shrunk.moves.map(showMove)).join("\n");
}

function showMove(move: Move): string {
  return JSON.stringify(move);
}

function lines(head: string, rest: readonly string[]): string[] {
  return [`  ${head}`, ...rest.map((line) => `    ${line}`)];
}

const shrinkMs = 90_000;

/** Leaves moves out, ever smaller parts, as long as the same rule is broken (delta debugging). */
async function seekFewer(
  moves: readonly Move[],
  options: SeedOptions,
  message: string,
): Promise<{ moves: readonly Move[]; isSmaller: boolean; message: string }> {
  const rule = message.split(":")[0] ?? "";
  const end = Date.now() + shrinkMs;
  let smallest = moves;
  let last = message;
  const fails = async (candidate: readonly Move[]) => {
    const { failure } = await runMoves(candidate, options);
    if (failure?.violation.message.startsWith(`${rule}:`) !== true) return false;
    last = failure.violation.message;
    smallest = candidate.slice(0, failure.done);
    return true;
  };
  for (let parts = 2; parts <= smallest.length && Date.now() < end;) {
    const size = Math.ceil(smallest.length / parts);
    let hasShrunk = false;
    for (let from = smallest.length - size; from > -size && Date.now() < end; from -= size) {
      const start = Math.max(0, from);
      const candidate = [...smallest.slice(0, start), ...smallest.slice(from + size)];
      if (candidate.length === 0 || !(await fails(candidate))) continue;
      hasShrunk = true;
      break;
    }
    if (!hasShrunk) {
      if (size === 1) break;
      parts = Math.min(parts * 2, smallest.length);
    } else parts = Math.max(2, parts - 1);
  }
  return { moves: smallest, isSmaller: smallest.length < moves.length, message: last };
}
