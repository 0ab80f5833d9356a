import { describeFailure, runSeed, shrink } from "./model/seed.ts";

/**
 * `bun run fuzz --minutes N [--seed S] [--moves M] [--real] [--binary FILE]`: seed after seed of random moves through and
 * around the compiled proxy, each answer held against a reference history. With `--seed` and no minutes that one only.
 */
function argument(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

const seedText = argument("seed");
const minutes = Number(argument("minutes") ?? 0);
const binary = argument("binary");
const moves = Number(argument("moves") ?? 300);
const target = process.argv.includes("--real") ? "real" : "fake";
const end = Date.now() + minutes * 60_000;
const first = seedText === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(seedText);
let runs = 0;
let failed = 0;
do {
  const seed = first + runs;
  const options = { seed, moves, target, ...(binary === undefined ? {} : { binary }) } as const;
  const began = Date.now();
  const outcome = await runSeed(options);
  runs++;
  const took = `${((Date.now() - began) / 1000).toFixed(1)} s`;
  if (outcome.failure === undefined)
    console.log(`seed ${seed}: right, ${took} ${summary(outcome.counts)}`);
  else {
    failed++;
    console.log(describeFailure(options, outcome));
    if (!process.argv.includes("--whole")) console.log(await shrink(options, outcome));
    if (!process.argv.includes("--go-on")) break;
  }
} while (Date.now() < end);
console.log(`${runs} seeds, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

function summary(counts: Readonly<Record<string, number>>): string {
  if (process.argv.includes("--counts")) return JSON.stringify(counts);
  const sum = (of: RegExp) =>
    Object.entries(counts).reduce((total, [name, count]) => total + (of.test(name) ? count : 0), 0);
  return `(${sum(/^(list|get): cache/)} reads from the cache, ${sum(/^(list|get): upstream/)} from upstream, ${sum(/^event/)} events)`;
}
