import { ask, demand, type Server } from "../http.ts";
import { listPath } from "../objects.ts";
import { parseList, runLabel } from "./config-maps.ts";

/** Where a run writes. */
export interface RunNamespace {
  readonly name: string;
  /** The value of `runLabel` on what the run writes. */
  readonly run: string;
  /** Removes what the run has written, and the namespace when the run has made it. Rejects with what is left. */
  remove(): Promise<void>;
}

const removalMs = 60_000;
/** So long after its caller has gone a write may still take effect. */
const underWayMs = 200;

/** The namespace of this name, made where it is not there; a new one when none is named. Rejects when it cannot be made. */
export async function openNamespace(
  apiserver: Server,
  named: string | undefined,
  signal: AbortSignal,
): Promise<RunNamespace> {
  const run = crypto.randomUUID().slice(0, 8);
  const name = named ?? `benchmark-${run}`;
  const path = `/api/v1/namespaces/${name}`;
  const found = named === undefined ? 404 : (await ask(apiserver, path, { signal })).status;
  const isOurs = found === 404;
  if (isOurs) {
    const body = { metadata: { name, labels: { [runLabel]: run } } };
    await demand(apiserver, "/api/v1/namespaces", { method: "POST", body, signal });
  }
  const remove = async () => {
    const late = AbortSignal.timeout(removalMs);
    await removeWritten(apiserver, name, run, late);
    if (isOurs) await demand(apiserver, path, { method: "DELETE", signal: late });
  };
  return { name, run, remove };
}

/** Until nothing is there: a write that was interrupted may still be under way. */
async function removeWritten(
  apiserver: Server,
  namespace: string,
  run: string,
  signal: AbortSignal,
): Promise<void> {
  const path = `${listPath(namespace)}?labelSelector=${encodeURIComponent(`${runLabel}=${run}`)}`;
  let left = 1;
  while (left > 0) {
    await demand(apiserver, path, { method: "DELETE", signal });
    await Bun.sleep(underWayMs);
    left = parseList(await demand(apiserver, path, { signal })).items.length;
  }
}
