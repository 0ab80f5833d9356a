import { ask, type Server } from "./http.ts";

/** A scope is filled in milliseconds; one that is not there after this long will not come. */
const patienceSeconds = 20;

/** Asks until the proxy answers from its cache; the body of that answer. Rejects when it never does. */
export async function warm(server: Server, path: string, accept?: string): Promise<Uint8Array> {
  const end = performance.now() + patienceSeconds * 1000;
  while (performance.now() < end) {
    const headers = accept === undefined ? {} : { Accept: accept };
    const response = await ask(server, path, { headers });
    const body = new Uint8Array(await response.arrayBuffer());
    if (!response.ok) throw new Error(`GET ${path} was answered ${response.status}`);
    if (response.headers.get("x-edge-proxy") === "cache") return body;
    await Bun.sleep(20);
  }
  throw new Error(`GET ${path} did not come from the cache within ${patienceSeconds} s`);
}
