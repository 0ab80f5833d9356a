import type { HostileKind } from "./hostile/fuzz-kind.ts";
import { hostileKinds, HostileRun } from "./hostile/fuzz-kinds.ts";
import { describeFailure, runSeed, shrink } from "./model/seed.ts";

const help = `bun run fuzz: seed after seed, through and around the compiled proxy (make build first)

  bun run fuzz --minutes N [--seed S] [--moves M] [--real]
      random moves and faults; each answer is held against a reference history
  bun run fuzz --hostile [KIND] --minutes N [--seed S]
      hostile input of one kind, or of each in turn: ${hostileKinds.map(({ name }) => name).join(", ")}

  --seed S       the first seed; without --minutes the only one
  --minutes N    how long seeds are begun
  --binary FILE  the proxy, where it is not ./edge-proxy
  --go-on        goes on after a seed that fails
  --counts       what happened in each seed
  --moves M      moves of a seed (300)
  --real         a real kube-apiserver where one is found (of the hostile kinds: media-types)
  --whole        does not look for fewer moves that fail`;

function argument(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

function has(name: string): boolean {
  return process.argv.includes(`--${name}`);
}

interface Seed {
  /** What is said of it. */
  readonly line: string;
  readonly isRight: boolean;
}

/** Runs one seed after another until the minutes are over; the exit code. */
async function runSeeds(run: (seed: number) => Promise<Seed>): Promise<number> {
  const seedText = argument("seed");
  const end = Date.now() + Number(argument("minutes") ?? 0) * 60_000;
  const first = seedText === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(seedText);
  let runs = 0;
  let failed = 0;
  do {
    const { line, isRight } = await run(first + runs);
    runs++;
    console.log(line);
    if (isRight) continue;
    failed++;
    if (!has("go-on")) break;
  } while (Date.now() < end);
  console.log(`${runs} seeds, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

async function runModel(): Promise<number> {
  const binary = argument("binary");
  const moves = Number(argument("moves") ?? 300);
  const target = has("real") ? "real" : "fake";
  return await runSeeds(async (seed) => {
    const options = { seed, moves, target, ...(binary === undefined ? {} : { binary }) } as const;
    const began = Date.now();
    const outcome = await runSeed(options);
    const took = secondsSince(began);
    if (outcome.failure === undefined)
      return { line: `seed ${seed}: right, ${took} ${summary(outcome.counts)}`, isRight: true };
    const lines = [describeFailure(options, outcome)];
    if (!has("whole")) lines.push(await shrink(options, outcome));
    return { line: lines.join("\n"), isRight: false };
  });
}

async function runHostile(): Promise<number> {
  const binary = argument("binary");
  const named = argument("hostile");
  const name = named === undefined || named.startsWith("--") ? undefined : named;
  const kinds = hostileKinds.filter((kind) => name === undefined || kind.name === name);
  if (kinds.length === 0) {
    console.error(
      `--hostile: ${name} is no kind; ${hostileKinds.map((kind) => kind.name).join(", ")}`,
    );
    return 2;
  }
  const options = { isReal: has("real"), ...(binary === undefined ? {} : { binary }) };
  const runs = kinds.map((kind) => ({ kind, run: new HostileRun(kind, options) }));
  try {
    return await runSeeds(async (seed) => {
      const lines: string[] = [];
      let isRight = true;
      for (const { kind, run } of runs) {
        const line = await hostileSeed(kind, run, seed);
        lines.push(line.line);
        isRight &&= line.isRight;
      }
      return { line: lines.join("\n"), isRight };
    });
  } finally {
    for (const { run } of runs) await run.stop();
  }
}

async function hostileSeed(kind: HostileKind, run: HostileRun, seed: number): Promise<Seed> {
  const began = Date.now();
  const { counts, failure } = await run.seed(seed);
  if (failure !== undefined) return { line: failure, isRight: false };
  const shown = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  const line = `hostile ${kind.name}, seed ${seed}: right, ${secondsSince(began)} (${shown.join(", ")})`;
  return { line, isRight: true };
}

function secondsSince(began: number): string {
  return `${((Date.now() - began) / 1000).toFixed(1)} s`;
}

function summary(counts: Readonly<Record<string, number>>): string {
  if (has("counts")) return JSON.stringify(counts);
  const sum = (of: RegExp) =>
    Object.entries(counts).reduce((total, [name, count]) => total + (of.test(name) ? count : 0), 0);
  return `(${sum(/^(list|get): cache/)} reads from the cache, ${sum(/^(list|get): upstream/)} from upstream, ${sum(/^event/)} events)`;
}

if (has("help")) {
  console.log(help);
  process.exit(0);
}
process.exit(has("hostile") ? await runHostile() : await runModel());
