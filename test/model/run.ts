import { call } from "../../src/testing/contract-client.ts";
import { pathOf } from "./choice.ts";
import { calm, runBurst, runFault } from "./faults.ts";
import { ModelWatch } from "./model-watch.ts";
import { type Move, type Request, type Resource, resources } from "./moves.ts";
import { runGet, runList } from "./reads.ts";
import { Session, Violation } from "./session.ts";
import { checkWatch, isComplete } from "./watch-rules.ts";
import { callDirect, startWorld, type WorldOptions } from "./world.ts";
import { runWrite } from "./writes.ts";

/** How a run ended. */
export interface Outcome {
  readonly moves: readonly Move[];
  /** What was answered, by kind and source. */
  readonly counts: Readonly<Record<string, number>>;
  readonly description: string;
  readonly failure:
    { readonly violation: Violation; readonly done: number; readonly log: string } | undefined;
}

/** Changes that are only in the way of the watches are made up for by then. */
const settleMs = 10_000;
const maxWatches = 14;

/** Runs the moves before a world of their own; stops at the first answer that breaks a rule. */
export async function runMoves(moves: readonly Move[], options: WorldOptions): Promise<Outcome> {
  const world = await startWorld(options);
  const session = new Session(world);
  const watches: ModelWatch[] = [];
  let done = 0;
  try {
    for (const move of moves) {
      done++;
      await run(session, watches, move);
      if (session.violations.length > 0) break;
    }
    const [violation] = session.violations;
    const log = violation === undefined ? "" : await world.proxy.process.output();
    return {
      moves,
      counts: session.counts,
      description: world.description,
      failure: violation === undefined ? undefined : { violation, done, log },
    };
  } finally {
    for (const watch of watches) watch.close();
    await world.stop();
  }
}

async function run(session: Session, watches: ModelWatch[], move: Move): Promise<void> {
  switch (move.move) {
    case "write":
    case "list":
    case "get":
      return await runRequest(session, move);
    case "together":
      await Promise.all(
        move.moves.map(async (each, at) => {
          if (move.apartMs > 0) await Bun.sleep(at * move.apartMs);
          await runRequest(session, each);
        }),
      );
      return;
    case "watch":
      if (watches.length >= maxWatches) await close(session, watches, 0);
      watches.push(new ModelWatch(session, move));
      return;
    case "close":
      return await close(session, watches, Math.floor(move.which * watches.length));
    case "fault":
      return await runFault(session, watches, move);
    case "burst":
      return await runBurst(session, move.resource, move.count);
    case "settle":
      return await settle(session, watches);
  }
}

async function runRequest(session: Session, move: Request): Promise<void> {
  switch (move.move) {
    case "write":
      return await runWrite(session, move);
    case "list":
      return await runList(session, move);
    case "get":
      return await runGet(session, move);
  }
}

/** Takes a watch away, and holds what it was told against the history. */
async function close(session: Session, watches: ModelWatch[], which: number): Promise<void> {
  const [watch] = watches.splice(which, 1);
  if (watch === undefined) return;
  await watch.readLate();
  watch.close();
  session.check(() => checkWatch(session, watch, "a part"));
}

/** All that goes wrong ends: every watch becomes complete, and every list shows what is. */
async function settle(session: Session, watches: ModelWatch[]): Promise<void> {
  await calm(session);
  await touchAll(session);
  await session.checkLate();
  const end = Date.now() + settleMs;
  while (watches.some((each) => !isComplete(session, each)) && Date.now() < end)
    await Bun.sleep(20);
  // What is written from here on must not be asked of them.
  for (const each of watches) session.checkNow(() => checkWatch(session, each, "all of it"));
  const open = watches.filter(({ ended }) => ended === "open");
  watches.splice(0, watches.length, ...open);
  for (const resource of resources) await catchUp(session, resource, end);
  await session.checkLate();
}

/** A change of each resource, around the proxy. */
async function touchAll(session: Session): Promise<void> {
  for (const resource of resources) {
    const path = pathOf(resource, "m", "touched");
    const { world } = session;
    const isWidget = resource === "widgets";
    const type = isWidget ? { apiVersion: "example.com/v1", kind: "Widget" } : {};
    const spec = { containers: [{ name: "c", image: "i" }] };
    const body = {
      ...type,
      metadata: { name: "touched" },
      ...(resource === "pods" ? { spec } : {}),
    };
    const { status } = await callDirect(world, pathOf(resource, "m"), { method: "POST", body });
    if (status === 409) await callDirect(world, path, { method: "DELETE" });
  }
}

/** A change that nobody made through the proxy is shown soon, too. */
async function catchUp(session: Session, resource: Resource, end: number): Promise<void> {
  const { proxy, histories } = session.world;
  const wanted = histories[resource].revision;
  for (;;) {
    const answer = await call(proxy, pathOf(resource, ""));
    const revision =
      answer.status === 200 ? Number(JSON.parse(answer.text).metadata.resourceVersion) : 0;
    if (revision >= wanted) return;
    if (Date.now() > end) {
      const what = `LIST ${resource} stays at ${answer.status === 200 ? revision : answer.status}, upstream is at ${wanted}`;
      return session.check(() => {
        throw new Violation("DESIGN 1", what);
      });
    }
    await Bun.sleep(20);
  }
}
