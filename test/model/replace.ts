import { waitUntil } from "../../src/testing/child-process.ts";
import type { ModelWatch } from "./model-watch.ts";
import { untilFound } from "./recovery.ts";
import { type Session, Violation } from "./session.ts";
import { checkWatch } from "./watch-rules.ts";
import { createNamespaces } from "./world.ts";

/** Another history is found by then: an outage is over, the scopes have come back one by one. */
const foundSeconds = 20;

/**
 * Upstream becomes another one, of an empty store, while the proxy runs: who watched gets a 410 and nothing of the new
 * store, and nothing that was known of the old one counts any more (CONTRACT 17).
 */
export async function replace(session: Session, watches: ModelWatch[]): Promise<void> {
  const { world } = session;
  const { fake } = world;
  if (fake === undefined) return;
  session.trouble("until calm");
  session.mayBeOut();
  for (const each of watches) await each.readLate();
  await fake.pause();
  // The proxy finds that it is gone.
  await Bun.sleep(500);
  for (const each of watches) session.checkNow(() => checkWatch(session, each, "a part"));
  const told = watches.map(({ events }) => events.length);
  fake.replace();
  await fake.start();
  await createNamespaces(world.direct);
  const isOld = (each: ModelWatch) => (each.position ?? Infinity) > world.revision();
  const isOver = () => watches.every((each) => each.ended !== "open" || !isOld(each));
  await waitUntil("", isOver, foundSeconds).catch(() => undefined);
  for (const [at, each] of watches.entries())
    session.checkNow(() => checkEnded(each, told[at] ?? 0, isOld(each)));
  for (const each of watches.splice(0)) each.close();
  await untilFound(session);
  session.forget();
}

function checkEnded(watch: ModelWatch, before: number, isOld: boolean): void {
  const { events, name, ended, position } = watch;
  const more = events.slice(before).filter(({ type }) => type !== "BOOKMARK");
  if (ended === "open" && isOld)
    throw new Violation("CONTRACT 17", `${name} goes on, from ${position}, in another store`);
  if (more.some(({ type, code }) => type !== "ERROR" || ![410, 500, 503, 504].includes(code)))
    throw new Violation("CONTRACT 17", `${name}: ${JSON.stringify(more)} of another store`);
}
