/** A request that has waited for long, sent a second time. */
export interface Hedge {
  /** Milliseconds until it is. */
  readonly afterMs: number;
  /** The first one waits no more. */
  readonly over: AbortSignal;
  /** The signal ends this one, its body included. */
  readonly send: (signal: AbortSignal) => Promise<Response>;
  /** The second one was the faster. */
  readonly answered: (response: Response) => void;
}

/** Sends it again after the time, beside the first one, and ends it when that has its answer. Never rejects. */
export async function hedge({ afterMs, over, send, answered }: Hedge): Promise<void> {
  const second = new AbortController();
  const end = () => second.abort();
  over.addEventListener("abort", end);
  try {
    await pause(afterMs, second.signal);
    if (over.aborted) return;
    const response = await send(second.signal);
    // From here on it is the answer: what ends the first does not end it.
    over.removeEventListener("abort", end);
    if (over.aborted) await response.body?.cancel();
    else answered(response);
  } catch {
    // The first one goes on waiting.
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
