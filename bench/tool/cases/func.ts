import { listPath } from "../../objects.ts";
import {
  configMap,
  itemsIn,
  namesOf,
  parseList,
  parseObject,
  removeConfigMaps,
  selectedPath,
} from "../config-maps.ts";
import { type Answer, type Case, type CaseContext, look, send } from "../context.ts";
import { inParallel } from "../in-parallel.ts";
import { followBoth } from "./follow-both.ts";

const type = "func";
const count = 100;
/** ADDED, MODIFIED by the PUT, MODIFIED by the PATCH, DELETED. */
const eventsOfEach = 4;

export const func: Case = {
  name: "func",
  isForDirect: "yes",
  run: async (contexts) => {
    for (const context of contexts) {
      try {
        await tryAll(context);
      } finally {
        await removeConfigMaps(context, type).catch(() => undefined);
      }
    }
  },
};

async function tryAll(context: CaseContext): Promise<void> {
  const names = namesOf("func", count);
  const path = selectedPath(context, type);
  const began = await look(context, path);
  const { resourceVersion } = parseList(began.body).metadata;
  const watches = followBoth(context, path, resourceVersion);
  try {
    await each(context, "created", names, create);
    await each(context, "read", names, get);
    await list(context, path, count);
    await each(context, "updated", names, update);
    await each(context, "patched", names, patch);
    await list(context, path, count);
    await each(context, "deleted", names, remove);
    await list(context, path, 0);
    await watches.compare(count * eventsOfEach);
  } finally {
    watches.end();
  }
}

type Step = (context: CaseContext, name: string) => Promise<void>;

async function each(
  context: CaseContext,
  done: string,
  names: readonly string[],
  step: Step,
): Promise<void> {
  let at = 0;
  await inParallel(names, async (name) => {
    await step(context, name);
    context.tell(`${++at}/${names.length} ${done}`);
  });
}

async function create(context: CaseContext, name: string): Promise<void> {
  const body = configMap(context, type, name, "created");
  const answer = await send(context, "create", listPath(context.namespace), {
    method: "POST",
    body,
  });
  await compareWrite(context, "create", name, answer, 201);
}

async function get(context: CaseContext, name: string): Promise<void> {
  await compareGet(context, "get: what the apiserver answers", name);
}

async function update(context: CaseContext, name: string): Promise<void> {
  const path = `${listPath(context.namespace)}/${name}`;
  // What the apiserver has, so that a proxy that answers wrong fails the checks of its gets only.
  const object = parseObject((await look(context, path)).body);
  const body = { ...object, data: { text: "updated" } };
  const answer = await send(context, "update", path, { method: "PUT", body });
  await compareWrite(context, "update", name, answer, 200);
}

async function patch(context: CaseContext, name: string): Promise<void> {
  const path = `${listPath(context.namespace)}/${name}`;
  const body = { data: { more: "patched" } };
  const contentType = "application/merge-patch+json";
  const answer = await send(context, "patch", path, { method: "PATCH", body, contentType });
  await compareWrite(context, "patch", name, answer, 200);
}

async function remove(context: CaseContext, name: string): Promise<void> {
  const path = `${listPath(context.namespace)}/${name}`;
  const answer = await send(context, "delete", path, { method: "DELETE" });
  const { checks } = context;
  checks.expect("delete: answered 200", answer.status === 200, () => `${name}: ${answer.status}`);
  await compareGet(context, "delete: gone, as the apiserver says", name);
}

/** The answer to a write is the object that the apiserver has then, and a GET right after it shows the same. */
async function compareWrite(
  context: CaseContext,
  verb: string,
  name: string,
  answer: Answer,
  status: number,
): Promise<void> {
  const kept = await look(context, `${listPath(context.namespace)}/${name}`);
  const isSame = answer.status === status && isSameJson(answer.body, kept.body);
  context.checks.expect(
    `${verb}: answered with what the apiserver has`,
    isSame,
    () => `${name}: ${shown(answer)}; the apiserver has ${shown(kept)}`,
  );
  await compareGet(context, `${verb}: seen by a get right after`, name);
}

async function compareGet(context: CaseContext, check: string, name: string): Promise<void> {
  const path = `${listPath(context.namespace)}/${name}`;
  const [answer, kept] = [await send(context, "get", path), await look(context, path)];
  const isSame = answer.status === kept.status && isSameJson(answer.body, kept.body);
  const says = () => `${name}: ${shown(answer)}; the apiserver has ${shown(kept)}`;
  context.checks.expect(check, isSame, says);
}

async function list(context: CaseContext, path: string, expected: number): Promise<void> {
  const [answer, kept] = [await send(context, "list", path), await look(context, path)];
  const [items, keptItems] = [itemsIn(answer), itemsIn(kept)];
  const isWhole = answer.status === 200 && items.length === expected;
  const isSame = isWhole && Bun.deepEquals(items, keptItems, true);
  const says = () =>
    `${answer.status}, ${items.length} items; the apiserver has ${keptItems.length}, ${expected} are right`;
  context.checks.expect("list: the items that the apiserver has", isSame, says);
}

function isSameJson(one: Buffer, other: Buffer): boolean {
  if (one.equals(other)) return true;
  try {
    return Bun.deepEquals(JSON.parse(one.toString()), JSON.parse(other.toString()), true);
  } catch {
    return false;
  }
}

function shown({ status, body }: Answer): string {
  return `${status} ${body.toString().slice(0, 200)}`;
}
