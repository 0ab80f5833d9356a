import { CredentialError, type Credentials } from "./credentials.ts";

/** What the worker is asked for. */
export interface KubeconfigRequest {
  /** The first that says something holds, as kubectl merges them. */
  readonly files: readonly string[];
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
 * would keep megabytes for good. Rejects with a CredentialError, or with the signal's reason.
 */
export async function readKubeconfigApart(
  request: KubeconfigRequest,
  signal: AbortSignal,
): Promise<Credentials> {
  signal.throwIfAborted();
  const worker = new Worker(workerUrl, { ref: true });
  const timeLimit = AbortSignal.any([signal, AbortSignal.timeout(longestReadingMs)]);
  try {
    const reply = await answer(worker, request, timeLimit);
    if (reply.outcome === "read") return reply.credentials;
    throw new CredentialError(reply.message);
  } finally {
    worker.terminate();
  }
}

function answer(
  worker: Worker,
  request: KubeconfigRequest,
  signal: AbortSignal,
): Promise<KubeconfigReply> {
  const { promise, resolve, reject } = Promise.withResolvers<KubeconfigReply>();
  const place = request.files.join(", ");
  worker.addEventListener("message", (event: MessageEvent<KubeconfigReply>) => resolve(event.data));
  worker.addEventListener("error", (event) => {
    reject(new CredentialError(`${place}: not read: ${event.message}`));
  });
  worker.addEventListener("close", () => reject(new CredentialError(`${place}: not read`)));
  signal.addEventListener("abort", () => {
    reject(
      new CredentialError(`${place}: not read within ${longestReadingMs / 1000} s`, signal.reason),
    );
  });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(request);
  return promise;
}
