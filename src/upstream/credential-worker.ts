// An entry point of its own: a thread that reads one kubeconfig and is then ended by who started it.
import type { KubeconfigReply, KubeconfigRequest } from "./credential-thread.ts";
import { CredentialError } from "./credentials.ts";
import { loadKubeconfig } from "./load-kubeconfig.ts";

declare const self: Worker;

// Loaded by itself, in the main thread, it would wait for ever.
if (!Bun.isMainThread) {
  self.addEventListener("message", (event: MessageEvent<KubeconfigRequest>) => {
    void reply(event.data).then((message) => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      self.postMessage(message);
    });
  });
}

async function reply(request: KubeconfigRequest): Promise<KubeconfigReply> {
  try {
    return { outcome: "read", credentials: await loadKubeconfig(request) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isNamed = error instanceof CredentialError;
    return {
      outcome: "refused",
      message: isNamed
        ? message
        : `${request.documents.map(({ file }) => file).join(", ")}: ${message}`,
    };
  }
}
