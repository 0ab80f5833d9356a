import { demand, type Server } from "./http.ts";

/** Configmaps to be written; each has the label `app: bench`. */
export interface Filling {
  readonly namespace: string;
  readonly count: number;
  /** The length of each object's data. */
  readonly dataBytes: number;
}

/** 1,000 small configmaps: a LIST of some 530 KB. */
export const thousand: Filling = { namespace: "bench", count: 1000, dataBytes: 70 };
/** 10,000 configmaps of 5 KB each on the wire. */
export const large: Filling = { namespace: "bench-large", count: 10_000, dataBytes: 4550 };

export function listPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/configmaps`;
}

export function nameOf(at: number): string {
  return `cm-${String(at).padStart(5, "0")}`;
}

/** Writes them, sixteen at a time. */
export async function fillConfigMaps(server: Server, filling: Filling): Promise<void> {
  const text = "x".repeat(filling.dataBytes);
  let next = 0;
  const write = async () => {
    for (let at = next++; at < filling.count; at = next++) {
      const metadata = { name: nameOf(at), labels: { app: "bench" } };
      const body = { metadata, data: { text } };
      await demand(server, listPath(filling.namespace), { method: "POST", body });
    }
  };
  await Promise.all(Array.from({ length: 16 }, write));
}

/** Changes a configmap's data by a merge patch; the answer is the new object. */
export async function change(server: Server, path: string, text: string): Promise<Buffer> {
  const body = { data: { text } };
  const contentType = "application/merge-patch+json";
  return demand(server, path, { method: "PATCH", body, contentType });
}

/** Changes it so many times a second until the result is called; that rejects with the first write that failed. */
export function keepChanging(
  server: Server,
  path: string,
  perSecond: number,
): () => Promise<number> {
  let isOver = false;
  let writes = 0;
  const began = performance.now();
  const run = (async () => {
    while (!isOver) {
      await change(server, path, `change ${writes}`);
      writes++;
      await Bun.sleep(Math.max(0, began + (writes * 1000) / perSecond - performance.now()));
    }
  })();
  run.catch(() => undefined);
  return async () => {
    isOver = true;
    await run;
    return writes;
  };
}
