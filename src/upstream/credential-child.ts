// What main.ts does as a child of itself: a process that reads kubeconfigs for the one that started it, answers, and ends.
import { childCommand } from "./child-command.ts";
import { type KubeconfigReply, type KubeconfigRequest } from "./credential-process.ts";
import { CredentialError } from "./credentials.ts";
import { loadKubeconfig } from "./load-kubeconfig.ts";

// Imported without being the child, it must not read anybody's standard input.
if (process.argv.includes(childCommand)) {
  const request = (await Bun.stdin.json()) as KubeconfigRequest;
  await Bun.write(Bun.stdout, JSON.stringify(await reply(request)));
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
