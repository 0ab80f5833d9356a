import { change, listPath } from "../../objects.ts";
import {
  type ConfigMap,
  itemsIn,
  namesOf,
  removeConfigMaps,
  selectedPath,
  writeConfigMaps,
} from "../config-maps.ts";
import { type Case, type CaseContext, look, noAnswer, send, sendUntimed } from "../context.ts";
import type { Link } from "../link.ts";

const type = "consistency";
const names = namesOf("consistency", 100);
const listsWhileCut = 10;
/** A proxy that has not noticed after this long does not. */
const detectionMs = 60_000;
const returnMs = 60_000;

/** The operation that is not a request: from the cut until the proxy says so. */
export const detected = "until it is detected";

export const consistency: Case = {
  name: "consistency",
  isForDirect: "no",
  run: async (contexts, settings) => {
    const link = await settings.openLink();
    for (const context of contexts) {
      try {
        await tryCut(context, link);
      } finally {
        await link.restore();
        await removeConfigMaps(context, type).catch(() => undefined);
      }
    }
  },
};

async function tryCut(context: CaseContext, link: Link): Promise<void> {
  context.notes.push(`link: ${link.description}`);
  await writeConfigMaps(context, context.server, type, names);
  const path = selectedPath(context, type);
  const kept = itemsIn(await look(context, path));
  for (let time = 0; time < 2; time++) await list(context, "list", path, kept);
  await mustReachApiserver(context, link);
  await link.cut();
  const detectedMs = await untilDetected(context);
  context.checks.expect(
    "the proxy finds out that the link is cut",
    detectedMs !== undefined,
    () => `not within ${detectionMs / 1000} s`,
  );
  if (detectedMs !== undefined) context.timings.record(detected, detectedMs, 0);
  for (let time = 0; time < listsWhileCut; time++)
    await list(context, "list while cut", path, kept);
  await link.restore();
  await untilBack(context, path);
}

async function list(
  context: CaseContext,
  operation: string,
  path: string,
  kept: readonly ConfigMap[],
): Promise<void> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(30_000)]);
  const answer = await send(context, operation, path, { signal }).catch(noAnswer);
  const items = itemsIn(answer);
  const isWhole = items.length === names.length && Bun.deepEquals(items, kept, true);
  const says = () => `${answer.status}, ${items.length} of ${names.length} items`;
  context.checks.expect(`${operation}: all 100, as the apiserver has them`, isWhole, says);
  const source = `${operation}: ${answer.source ?? "the proxy does not say where from"}`;
  if (!context.notes.includes(source)) context.notes.push(source);
}

/** Something that no proxy can know by itself: whoever answers it has reached the apiserver. */
function probePath({ namespace }: CaseContext): string {
  return `/api/v1/namespaces/${namespace}/podtemplates/none-${crypto.randomUUID()}`;
}

async function mustReachApiserver(context: CaseContext, link: Link): Promise<void> {
  const { status } = await sendUntimed(context, probePath(context));
  if (status >= 500)
    throw new Error(`the proxy says ${status} although the link is whole: it has no apiserver`);
  if ((await link.connections()) === 0)
    throw new Error(
      `nobody is connected through the ${link.description}: start the proxy with --server-addr of it (--help)`,
    );
}

/** Milliseconds until something that needs the apiserver is refused; undefined when it never is. */
async function untilDetected(context: CaseContext): Promise<number | undefined> {
  const began = performance.now();
  while (performance.now() - began < detectionMs) {
    context.tell(`link cut for ${Math.round((performance.now() - began) / 1000)} s`);
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(detectionMs)]);
    const asked = sendUntimed(context, probePath(context), { signal });
    const { status } = await asked.catch(noAnswer);
    context.signal.throwIfAborted();
    if (status >= 500) return performance.now() - began;
    await Bun.sleep(20);
  }
  return undefined;
}

/** What is written when the link is whole again is seen through the proxy. */
async function untilBack(context: CaseContext, path: string): Promise<void> {
  const began = performance.now();
  const [name = ""] = names;
  await change(context.apiserver, `${listPath(context.namespace)}/${name}`, "after the cut");
  const isSeen = async () => {
    const items = itemsIn(await send(context, "list, link back", path).catch(noAnswer));
    return items.some(
      ({ metadata, data }) => metadata.name === name && data?.["text"] === "after the cut",
    );
  };
  let seen = await isSeen();
  while (!seen && performance.now() - began < returnMs) {
    context.signal.throwIfAborted();
    context.tell(`link back for ${Math.round((performance.now() - began) / 1000)} s`);
    await Bun.sleep(20);
    seen = await isSeen();
  }
  if (seen) context.timings.record("until it is back", performance.now() - began, 0);
  const check = "a change after the cut is seen";
  context.checks.expect(check, seen, () => `not within ${returnMs / 1000} s`);
}
