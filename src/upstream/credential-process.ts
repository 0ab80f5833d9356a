import { join } from "node:path";

import { childCommand } from "./child-command.ts";
import { CredentialError, type Credentials } from "./credentials.ts";
import type { KubeconfigDocument } from "./kubeconfig-document.ts";

/** What the child is asked for, on its standard input. */
export interface KubeconfigRequest {
  /** The first that says something holds, as kubectl merges them. */
  readonly documents: readonly KubeconfigDocument[];
  readonly serverAddr: string | undefined;
  readonly plugins: "run" | "leave";
}

/** What the child answers, on its standard output. */
export type KubeconfigReply =
  | { readonly outcome: "read"; readonly credentials: Credentials }
  | { readonly outcome: "refused"; readonly message: string };

/** Longer than an exec plugin may take. */
const longestReadingMs = 60_000;

const isCompiled = import.meta.path.startsWith("/$bunfs/");

/** A compiled binary is its own child; a source file is run by the Bun that runs us. */
const command = isCompiled
  ? [process.execPath, childCommand]
  : [process.execPath, join(import.meta.dir, "../main.ts"), childCommand];

/**
 * Reads kubeconfigs in a process that ends with the answer: the package that understands them is needed for a moment and
 * would keep megabytes for good. Secrets go through pipes only. Rejects with a CredentialError, also when the signal ends
 * the reading.
 */
export async function readKubeconfigApart(
  request: KubeconfigRequest,
  signal: AbortSignal,
): Promise<Credentials> {
  const place = request.documents.map(({ file }) => file).join(", ");
  if (signal.aborted) throw new CredentialError(`${place}: not read any more`);
  const child = Bun.spawn(command, {
    stdin: new Blob([JSON.stringify(request)]),
    stdout: "pipe",
    stderr: "inherit",
    env: process.env,
    timeout: longestReadingMs,
    signal,
  });
  const text = await new Response(child.stdout).text();
  const code = await child.exited;
  if (signal.aborted) throw new CredentialError(`${place}: not read any more`);
  if (text === "") throw new CredentialError(`${place}: not read: ${endOf(code)}`);
  const reply = JSON.parse(text) as KubeconfigReply;
  if (reply.outcome === "read") return reply.credentials;
  throw new CredentialError(reply.message);
}

/** How a child that said nothing ended: a signal is its number above 128. */
function endOf(code: number): string {
  return code > 128
    ? `no answer within ${longestReadingMs / 1000} s`
    : `the reading process ended with code ${code}`;
}
