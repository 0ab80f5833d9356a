import { waitUntil } from "../../src/testing/child-process.ts";
import { pathOf } from "./choice.ts";
import type { ModelWatch } from "./model-watch.ts";
import type { FaultMove, Resource } from "./moves.ts";
import { untilFound } from "./recovery.ts";
import { replace } from "./replace.ts";
import type { Session } from "./session.ts";
import { checkWatch } from "./watch-rules.ts";
import { callDirect } from "./world.ts";

/** A watch's link is held no longer than this: what waits for it may not wait for ever. */
const longestHoldMs = 1500;
/** A flush takes a moment, on a busy machine. */
const flushSlackMs = 600;

/** What goes wrong now. */
export async function runFault(
  session: Session,
  watches: ModelWatch[],
  move: FaultMove,
): Promise<void> {
  const { fake, relay } = session.world;
  session.count(`fault: ${move.fault}`);
  switch (move.fault) {
    case "cut watches":
      session.trouble("a moment");
      session.mayBeOut();
      if (fake === undefined || move.how === "reset") relay.cut("watches");
      else fake.cutWatches("clean");
      return;
    case "reset connections":
      session.trouble("a moment");
      session.mayBeOut();
      return relay.cut("all");
    case "compact":
      session.trouble("a moment");
      session.compactions++;
      return compact(session);
    case "advance":
      return fake?.store.advance(move.by);
    case "restart":
      session.trouble("until calm");
      session.mayBeOut();
      await fake?.pause();
      await Bun.sleep(move.downMs);
      return await fake?.start();
    case "hold watches":
      session.trouble("a moment");
      relay.hold("watches");
      setTimeout(() => relay.release(), longestHoldMs).unref();
      return;
    case "hold all":
      session.trouble("a moment");
      relay.hold("all");
      setTimeout(() => relay.release(), move.ms).unref();
      return;
    case "release":
      return await calm(session);
    case "link down":
      session.trouble("until calm");
      session.mayBeOut();
      return await relay.refuse();
    case "link up":
      session.mayBeOut();
      return await relay.accept();
    case "replace":
      return await replace(session, watches);
    case "kill":
      return await killProxy(session, watches, move.restMs);
    default:
      session.trouble("until calm");
      session.mayBeOut();
      return addFault(session, move);
  }
}

function compact({ world }: Session): void {
  const { fake, histories } = world;
  if (fake === undefined) return;
  fake.store.compact();
  const { revision } = fake.store;
  for (const history of Object.values(histories)) history.forget(revision, revision);
}

function addFault(session: Session, move: FaultMove): void {
  const faults = session.world.fake?.faults;
  const path = "/api";
  switch (move.fault) {
    case "delay":
      return faults?.add({ kind: "delay", verb: move.verb, ms: move.ms, times: 4 });
    case "refuse":
      return faults?.add({ kind: "answer", path, verb: move.verb, code: move.code, times: 2 });
    case "reset request":
      return faults?.add({ kind: "reset", path, verb: move.verb, times: 1 });
    case "truncate":
      return faults?.add({ kind: "truncate", path, verb: move.verb, times: 2 });
    case "lose answer":
      return faults?.add({ kind: "reset-after", path, method: move.method, times: 1 });
    default:
      return undefined;
  }
}

/** Ends all that goes wrong. */
export async function calm(session: Session): Promise<void> {
  const { fake, relay } = session.world;
  fake?.faults.clear();
  relay.release();
  await relay.accept();
  await untilFound(session);
  session.calm();
}

/** kill -9 and another start; who watched goes on from where it was. */
async function killProxy(session: Session, watches: ModelWatch[], restMs: number): Promise<void> {
  const { world } = session;
  session.trouble("a moment");
  await Bun.sleep(restMs);
  for (const each of watches) await each.readLate();
  const alive = new Set(watches.filter(({ ended }) => ended === "open"));
  const killedAt = Date.now();
  session.killed(world.flushMs + flushSlackMs);
  await world.restartProxy();
  const isOver = () => watches.every(({ ended }) => ended !== "open");
  await waitUntil("all watches of a killed proxy end", isOver, 5);
  const over = watches.filter((each) => !alive.has(each) || !each.resume(killedAt));
  const open = watches.filter((each) => !over.includes(each));
  watches.splice(0, watches.length, ...open);
  // Their end says nothing of the proxy.
  for (const each of over) if (alive.has(each)) each.ended = "closed";
  for (const each of over) session.check(() => checkWatch(session, each, "a part"));
}

/** Changes of 200 KB each, around the proxy. */
export async function runBurst(session: Session, resource: Resource, count: number): Promise<void> {
  session.bursts++;
  const { world } = session;
  const contentType = "application/merge-patch+json";
  const path = pathOf(resource, "m", "big");
  for (let at = 0; at < count; at++) {
    const data = { text: String(at).padEnd(200_000, "x") };
    const patched = await callDirect(world, path, { method: "PATCH", contentType, body: { data } });
    if (patched.status !== 404) continue;
    const body = { metadata: { name: "big" }, data };
    await callDirect(world, pathOf(resource, "m"), { method: "POST", body });
  }
  await callDirect(world, path, { method: "DELETE" });
}
