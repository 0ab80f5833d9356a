/** How long a peer may say nothing before it is doubted, and what then tells whether it lives. */
export interface Silence {
  readonly limitMs: number;
  /** Whether to go on waiting; asked again after each further limit. */
  readonly isAlive: () => Promise<boolean>;
  /** Calls when it is known to be dead before that; the result takes the listener off. */
  readonly onDead?: (listener: () => void) => () => void;
  /** What is wrong when it does not live. */
  readonly error: () => Error;
}

/** The promise's own outcome, for as long as the peer lives; without a Silence for ever. One timer a call: it is made for each chunk. */
export function whileAlive<T>(promise: Promise<T>, silence: Silence | undefined): Promise<T> {
  if (silence === undefined) return promise;
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const wait = () => setTimeout(doubt, silence.limitMs);
    const doubt = () => {
      void silence.isAlive().then((isAlive) => {
        if (isSettled) return;
        if (isAlive) timer = wait();
        else reject(silence.error());
      });
    };
    let timer = wait();
    const forget = silence.onDead?.(() => {
      settle();
      reject(silence.error());
    });
    const settle = () => {
      isSettled = true;
      clearTimeout(timer);
      forget?.();
    };
    promise.then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        reject(error);
      },
    );
  });
}
