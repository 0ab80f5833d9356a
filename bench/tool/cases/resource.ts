import {
  namesOf,
  parseList,
  removeConfigMaps,
  selectedPath,
  writeConfigMaps,
} from "../config-maps.ts";
import { type Case, type CaseContext, type CaseSettings, look, send } from "../context.ts";
import { ListChecker } from "../list-checker.ts";

const type = "resourceusage";
const names = namesOf("resource", 1000);
/** Noise comes and goes within seconds: each target is asked in so many slices, by turns. */
const rounds = 4;

export const resource: Case = {
  name: "resource",
  isForDirect: "yes",
  run: async (contexts, settings) => {
    const [first] = contexts;
    if (first === undefined) return;
    try {
      await writeConfigMaps(first, first.apiserver, type, names);
      await askByTurns(contexts, settings);
    } finally {
      await removeConfigMaps(first, type).catch(() => undefined);
    }
  },
};

async function askByTurns(
  contexts: readonly CaseContext[],
  { durationSeconds, concurrency }: CaseSettings,
): Promise<void> {
  const began = performance.now();
  const checkers = new Map<CaseContext, ListChecker>();
  for (const context of contexts) {
    const kept = parseList((await look(context, selectedPath(context, type))).body);
    checkers.set(context, new ListChecker(names, kept.items));
    context.usage.begin(began);
  }
  for (let round = 0; round < rounds; round++) {
    for (const [context, checker] of checkers) {
      const until = performance.now() + (durationSeconds * 1000) / rounds;
      const loops = Array.from(
        { length: concurrency },
        () => () => loop(context, checker, began, until),
      );
      await context.usage.during(async () => void (await Promise.all(loops.map((run) => run()))));
    }
  }
  for (const [context, checker] of checkers) {
    await context.usage.end();
    context.notes.push(`answers: ${checker.kinds.join(", ")}`);
  }
}

async function loop(
  context: CaseContext,
  checker: ListChecker,
  began: number,
  until: number,
): Promise<void> {
  const path = selectedPath(context, type);
  const { checks, series } = context;
  while (performance.now() < until) {
    const answer = await send(context, "list", path);
    series.record((performance.now() - began) / 1000, answer.ms);
    const wrong = checker.check(answer.status, answer.body);
    checks.expect("every list: the 1,000 that there are", wrong === undefined, () => wrong ?? "");
    context.tell(`${Math.ceil((until - performance.now()) / 1000)} s of this slice left`);
  }
}
