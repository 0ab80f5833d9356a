/** Whether the connections that something came over are known to be dead. */
export interface LinkState {
  readonly isDead: boolean;
  /** Calls when they are; the result takes the listener off. */
  onDead(listener: () => void): () => void;
}

/** A LinkState that somebody ends. */
export class Link implements LinkState {
  readonly #listeners = new Set<() => void>();
  #isDead = false;

  get isDead(): boolean {
    return this.#isDead;
  }

  onDead(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  die(): void {
    this.#isDead = true;
    for (const listener of this.#listeners) listener();
  }
}

/** How long a peer may say nothing before it is doubted, and what then tells whether it lives. */
export interface Silence {
  readonly limitMs: number;
  /** Whether to go on waiting; asked again after each further limit. */
  readonly isAlive: () => Promise<boolean>;
  /** What else knows that it is dead. */
  readonly link?: LinkState;
  /** What is wrong when it does not live. */
  readonly error: () => Error;
}

/** The promise's own outcome, for as long as the peer lives; without a Silence for ever. One timer a call: it is made for each chunk. */
export function whileAlive<T>(promise: Promise<T>, silence: Silence | undefined): Promise<T> {
  if (silence === undefined) return promise;
  if (silence.link?.isDead === true) {
    promise.catch(() => undefined);
    return Promise.reject(silence.error());
  }
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
    const forget = silence.link?.onDead(() => {
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
