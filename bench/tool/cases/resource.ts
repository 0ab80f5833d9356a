import {
  itemsIn,
  namesOf,
  removeConfigMaps,
  selectedPath,
  writeConfigMaps,
} from "../config-maps.ts";
import {
  type Case,
  type CaseContext,
  type CaseSettings,
  look,
  noAnswer,
  send,
} from "../context.ts";
import { ListChecker } from "../list-checker.ts";

const type = "resourceusage";
const names = namesOf("resource", 1000);
/** Noise comes and goes within seconds: each target is asked in so many slices, by turns. */
const rounds = 4;
/** In cores: who uses more than this may have been the limit. */
const clientLimit = 0.95;

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

async function askByTurns(contexts: readonly CaseContext[], settings: CaseSettings): Promise<void> {
  const began = performance.now();
  const checkers = new Map<CaseContext, ListChecker>();
  for (const context of contexts) {
    const kept = itemsIn(await look(context, selectedPath(context, type)));
    checkers.set(context, new ListChecker(names, kept));
  }
  try {
    for (const context of contexts) context.usage.begin(began);
    await askInRounds(checkers, began, settings);
  } finally {
    for (const context of contexts) await context.usage.end();
  }
  for (const [context, checker] of checkers) addNotes(context, checker);
}

async function askInRounds(
  checkers: ReadonlyMap<CaseContext, ListChecker>,
  began: number,
  { durationSeconds, concurrency }: CaseSettings,
): Promise<void> {
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
}

function addNotes({ notes, usage }: CaseContext, checker: ListChecker): void {
  if (checker.kinds.length > 0) notes.push(`answers: ${checker.kinds.join(", ")}`);
  const { clientCpuSeconds, seconds } = usage.total;
  if (clientCpuSeconds / seconds > clientLimit)
    notes.push("this tool used a whole core: the target may be faster than the figures say");
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
    const sent = performance.now();
    const answer = await send(context, "list", path).catch(noAnswer);
    context.signal.throwIfAborted();
    const ended = performance.now();
    series.record((ended - began) / 1000, ended - sent);
    const wrong = checker.check(answer);
    checks.expect("every list: the 1,000 that there are", wrong === undefined, () => wrong ?? "");
    context.tell(`${checker.checked} lists after ${Math.floor((ended - began) / 1000)} s`);
  }
}
