// What main.ts does as a child of itself: a process that reads kubeconfigs for the one that started it, answers, and ends.
import { type KubeconfigReply, type KubeconfigRequest } from "./credential-process.ts";
import { CredentialError } from "./credentials.ts";
import { loadKubeconfig } from "./load-kubeconfig.ts";

/** Answers one request. Without one it says nothing: whoever has started it may have ended before it knew what was to be read. */
export async function main(): Promise<void> {
  const text = await Bun.stdin.text();
  if (text === "") return;
  const answer = JSON.stringify(await reply(JSON.parse(text)));
  // Who has asked may have ended by now, and has said why.
  await Bun.write(Bun.stdout, answer).catch(() => undefined);
}

async function reply(request: KubeconfigRequest): Promise<KubeconfigReply> {
  try {
    return { outcome: "read", credentials: await loadKubeconfig(request) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isNamed = error instanceof CredentialError;
    return {
      outcome: "refused",
      message: isNamed ? message : `${request.files.join(", ")}: ${message}`,
    };
  }
}
