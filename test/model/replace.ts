import { waitUntil } from "../../src/testing/child-process.ts";
import { call } from "../../src/testing/contract-client.ts";
import type { ModelWatch } from "./model-watch.ts";
import { untilFound } from "./recovery.ts";
import { type Session, Violation } from "./session.ts";
import { checkWatch } from "./watch-rules.ts";
import { createNamespaces } from "./world.ts";

/** Another history is found by then: an outage is over, the scopes have come back one by one. */
const foundSeconds = 20;
/** A GET that no scope covers. */
const unscoped = "/api/v1/namespaces/kube-public";

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
  await call(world.proxy, unscoped);
  await fake.pause();
  // The proxy finds that it is gone.
  await Bun.sleep(500);
  for (const each of watches) session.checkNow(() => checkWatch(session, each, "a part"));
  const told = watches.map(({ events }) => events.length);
  const { revision } = fake.store;
  fake.replace();
  // Numbers do not always tell: every other time it has gone on further than the one before.
  if (revision % 2 === 0) fake.store.advance(revision + 1000);
  await fake.start();
  await createNamespaces(world.direct);
  const isOld = (each: ModelWatch) => (each.position ?? Infinity) > world.revision();
  const isOver = () => watches.every((each) => each.ended !== "open" || !isOld(each));
  await waitUntil("", isOver, foundSeconds).catch(() => undefined);
  for (const [at, each] of watches.entries())
    session.checkNow(() => checkEnded(each, told[at] ?? 0, isOld(each)));
  for (const each of watches.splice(0)) each.close();
  await untilFound(session);
  await checkForgotten(session);
  session.forget();
}

/** Without upstream nothing is answered that the one before has answered: an object of no scope would be told again. */
async function checkForgotten(session: Session): Promise<void> {
  const { relay, proxy } = session.world;
  // The cluster is asked for as soon as the outage is over.
  await Bun.sleep(500);
  await relay.refuse();
  session.mayBeOut();
  const answer = await call(proxy, unscoped);
  session.checkNow(() => {
    if (answer.status === 200)
      throw new Violation("CONTRACT 17", `GET ${unscoped} is answered by another cluster's object`);
  });
  await relay.accept();
  await untilFound(session);
}

function checkEnded(watch: ModelWatch, before: number, isOld: boolean): void {
  const { events, name, ended, position } = watch;
  const more = events.slice(before).filter(({ type }) => type !== "BOOKMARK");
  if (ended === "open" && isOld)
    throw new Violation("CONTRACT 17", `${name} goes on, from ${position}, in another store`);
  if (more.some(({ type, code }) => type !== "ERROR" || ![410, 500, 503, 504].includes(code)))
    throw new Violation("CONTRACT 17", `${name}: ${JSON.stringify(more)} of another store`);
}
