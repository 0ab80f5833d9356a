import { CredentialError, type Credentials } from "./credentials.ts";
import type { KubeconfigDocument } from "./kubeconfig-document.ts";

/** What the worker is asked for. */
export interface KubeconfigRequest {
  /** The first that says something holds, as kubectl merges them. */
  readonly documents: readonly KubeconfigDocument[];
  readonly serverAddr: string | undefined;
  readonly plugins: "run" | "leave";
}

/** What the worker answers. */
export type KubeconfigReply =
  | { readonly outcome: "read"; readonly credentials: Credentials }
  | { readonly outcome: "refused"; readonly message: string };

/** Longer than an exec plugin may take. */
const longestReadingMs = 60_000;

/** In a compiled binary all code is one file at the root of its entry points; the worker keeps its own path. */
const workerUrl = new URL(
  import.meta.path.startsWith("/$bunfs/")
    ? "./upstream/credential-worker.ts"
    : "./credential-worker.ts",
  import.meta.url,
).href;

/**
 * Reads kubeconfigs in a thread that ends with the answer: the package that understands them is needed for a moment and
 * would keep megabytes for good. Rejects with a CredentialError, also when the signal ends the reading.
 */
export async function readKubeconfigApart(
  request: KubeconfigRequest,
  signal: AbortSignal,
): Promise<Credentials> {
  const place = request.documents.map(({ file }) => file).join(", ");
  if (signal.aborted) throw new CredentialError(`${place}: not read any more`);
  const worker = new Worker(workerUrl, { ref: true });
  const { promise, resolve, reject } = Promise.withResolvers<KubeconfigReply>();
  const stop = () => reject(new CredentialError(`${place}: not read any more`));
  const tooLate = () =>
    reject(new CredentialError(`${place}: not read within ${longestReadingMs / 1000} s`));
  const limit = setTimeout(tooLate, longestReadingMs);
  signal.addEventListener("abort", stop, { once: true });
  worker.addEventListener("message", (event: MessageEvent<KubeconfigReply>) => resolve(event.data));
  worker.addEventListener("error", (event) => {
    reject(new CredentialError(`${place}: not read: ${event.message}`));
  });
  worker.addEventListener("close", stop, { once: true });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(request);
  try {
    const reply = await promise;
    if (reply.outcome === "read") return reply.credentials;
    throw new CredentialError(reply.message);
  } finally {
    clearTimeout(limit);
    signal.removeEventListener("abort", stop);
    worker.terminate();
  }
}
