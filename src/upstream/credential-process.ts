import { log } from "../log.ts";
import { CredentialError, type Credentials } from "./credentials.ts";
import { type ReadingProcess, startReadingProcess } from "./reading-process.ts";

/** What the child is asked for, on its standard input. */
export interface KubeconfigRequest {
  /** The first that says something holds, as kubectl merges them. */
  readonly files: readonly string[];
  readonly serverAddr: string | undefined;
  readonly plugins: "run" | "leave";
}

/** What the child answers, on its standard output. */
export type KubeconfigReply =
  | { readonly outcome: "read"; readonly credentials: Credentials }
  | { readonly outcome: "refused"; readonly message: string };

/** Longer than an exec plugin may take. */
const longestReadingMs = 60_000;

/** One that was started before it was known what is to be read. */
let startedAhead: ReadingProcess | undefined;

/** One that nobody needs by then goes: it has 30 MB. */
const unneededMs = 30_000;

/** The first reading has this process, which has had the time to load what it needs. */
export function readWith(child: ReadingProcess): void {
  startedAhead = child;
  setTimeout(() => {
    startedAhead?.kill();
    startedAhead = undefined;
  }, unneededMs).unref();
}

function reader(): ReadingProcess {
  const child = startedAhead;
  startedAhead = undefined;
  const isThere = child?.exitCode === null && child.signalCode === null;
  return isThere ? child : startReadingProcess();
}

/**
 * Reads kubeconfigs in a process that ends with the answer: the package that understands them is needed for a moment and
 * would keep megabytes for good. Secrets go through pipes only. Rejects with a CredentialError, also when the signal ends
 * the reading.
 */
export async function readKubeconfigApart(
  request: KubeconfigRequest,
  signal: AbortSignal,
): Promise<Credentials> {
  const place = request.files.join(", ");
  if (signal.aborted) throw new CredentialError(`${place}: not read any more`);
  const child = reader();
  child.ref();
  const end = () => child.kill();
  signal.addEventListener("abort", end);
  const late = setTimeout(end, longestReadingMs);
  await ask(child, request);
  const text = await new Response(child.stdout).text();
  const code = await child.exited;
  clearTimeout(late);
  signal.removeEventListener("abort", end);
  if (signal.aborted) throw new CredentialError(`${place}: not read any more`);
  if (text === "") throw new CredentialError(`${place}: not read: ${endOf(code)}`);
  const reply = JSON.parse(text) as KubeconfigReply;
  if (reply.outcome === "read") return reply.credentials;
  throw new CredentialError(reply.message);
}

/** One that has ended is told by its having said nothing. */
async function ask({ stdin }: ReadingProcess, request: KubeconfigRequest): Promise<void> {
  try {
    // Both before anything is waited for: it may be asked while this process has other things to do.
    void stdin.write(JSON.stringify(request));
    await stdin.end();
  } catch (error) {
    log.debug("a kubeconfig could not be asked for", { error });
  }
}

/** How a child that said nothing ended: a signal is its number above 128. */
function endOf(code: number): string {
  return code > 128
    ? `no answer within ${longestReadingMs / 1000} s`
    : `the reading process ended with code ${code}`;
}
