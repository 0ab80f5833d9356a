import { ask, demand, type Server } from "../http.ts";
import { listPath } from "../objects.ts";
import { runLabel } from "./config-maps.ts";

/** Where a run writes. */
export interface RunNamespace {
  readonly name: string;
  /** The value of `runLabel` on what the run writes. */
  readonly run: string;
  /** Removes what the run has written, and the namespace when the run has made it. Rejects with what is left. */
  remove(): Promise<void>;
}

const removalMs = 60_000;

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
    const written = `${listPath(name)}?labelSelector=${encodeURIComponent(`${runLabel}=${run}`)}`;
    await demand(apiserver, written, { method: "DELETE", signal: late });
    if (isOurs) await demand(apiserver, path, { method: "DELETE", signal: late });
  };
  return { name, run, remove };
}
