import { demand, type Server } from "../http.ts";
import { listPath } from "../objects.ts";
import type { CaseContext } from "./context.ts";
import { inParallel } from "./in-parallel.ts";

/** On all that a run writes, so that it finds its own again; the value is the run's. */
export const runLabel = "benchmark-run";

export interface ConfigMap {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
  };
  readonly data?: Readonly<Record<string, string>>;
}

export interface ConfigMapList {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly ConfigMap[];
}

/** A configmap to be written, with the label `type` of its case. */
export function configMap(context: CaseContext, type: string, name: string, text: string): object {
  const metadata = { name, labels: { type, [runLabel]: context.run } };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data: { text } };
}

/** The LIST of a case: by its label, as the Go original asks. */
export function selectedPath(context: CaseContext, type: string): string {
  return `${listPath(context.namespace)}?labelSelector=${encodeURIComponent(`type=${type}`)}`;
}

/** `prefix-000` and so on. */
export function namesOf(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}-${String(at).padStart(3, "0")}`);
}

export function parseObject(body: Buffer): ConfigMap {
  const object: ConfigMap = JSON.parse(body.toString());
  return object;
}

export function parseList(body: Buffer): ConfigMapList {
  const list: ConfigMapList = JSON.parse(body.toString());
  return list;
}

/** The items of an answer that is a list, else none: what is missing is what a check then tells of. */
export function itemsIn({
  status,
  body,
}: {
  readonly status: number;
  readonly body: Buffer;
}): readonly ConfigMap[] {
  if (status !== 200) return [];
  try {
    const { items } = parseList(body);
    return Array.isArray(items) ? items : [];
  } catch {
    return [];
  }
}

/** Writes them by this server, eight at a time. Rejects with the first that is refused. */
export async function writeConfigMaps(
  context: CaseContext,
  server: Server,
  type: string,
  names: readonly string[],
): Promise<void> {
  const text = "x".repeat(dataBytes);
  let written = 0;
  await inParallel(names, async (name) => {
    const body = configMap(context, type, name, text);
    const { signal } = context;
    await demand(server, listPath(context.namespace), { method: "POST", body, signal });
    written++;
    context.tell(`${written}/${names.length} configmaps written`);
  });
}

/** So that 1,000 of them are some 530 KB. */
const dataBytes = 16;

/** Removes at the apiserver what a case has left, so that the next target finds the same. */
export async function removeConfigMaps(context: CaseContext, type: string): Promise<void> {
  const selector = encodeURIComponent(`type=${type},${runLabel}=${context.run}`);
  const path = `${listPath(context.namespace)}?labelSelector=${selector}`;
  await demand(context.apiserver, path, { method: "DELETE", signal: context.signal });
}
