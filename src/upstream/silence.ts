/** How long a peer may say nothing before it is doubted, and what then tells whether it lives. */
export interface Silence {
  readonly limitMs: number;
  /** Whether to go on waiting; asked again after each further limit. */
  readonly isAlive: () => Promise<boolean>;
  /** What is wrong when it does not. */
  readonly error: () => Error;
}

/** The promise's own outcome, for as long as the peer lives; without a Silence for ever. */
export async function whileAlive<T>(promise: Promise<T>, silence: Silence | undefined): Promise<T> {
  if (silence === undefined) return await promise;
  const settled = promise.then(
    () => "settled" as const,
    () => "settled" as const,
  );
  while ((await Promise.race([settled, silent(settled, silence.limitMs)])) === "silent")
    if (!(await Promise.race([settled.then(() => true), silence.isAlive()]))) throw silence.error();
  return await promise;
}

function silent(settled: Promise<unknown>, limitMs: number): Promise<"silent"> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve("silent"), limitMs);
    void settled.then(() => clearTimeout(timer));
  });
}
