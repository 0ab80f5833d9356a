import { log } from "../log.ts";
import { renewalDelay, retryDelayMs } from "./credential-renewal.ts";
import { type Credentials, isSameIdentity } from "./credentials.ts";
import { fingerprint } from "./fingerprint.ts";

type Read = (signal: AbortSignal) => Promise<Credentials>;
type Listener = (credentials: Credentials) => void;

/** Credentials, and what their files looked like when they were read. */
export interface ReadCredentials {
  readonly credentials: Credentials;
  readonly seen: string;
}

/** Credentials that were read this moment. */
export function asRead(credentials: Credentials): ReadCredentials {
  return { credentials, seen: fingerprint(credentials.files) };
}

/** Short enough for a token that is rotated minutes before it ends; a few calls of stat cost microseconds. */
const pollMs = 5000;
/**
 * A storm of refused requests asks for many readings: files that look the same are read once in this time,
 * which doubles with each reading that brought nothing.
 */
const leastRestMs = 1000;
const mostRestMs = 60_000;

/** Credentials that are read again when their files change, before they end, and when asked to. Timers keep no process alive. */
export class RefreshingCredentials {
  readonly #read: Read;
  readonly #listeners = new Set<Listener>();
  readonly #closed = new AbortController();
  readonly #poll: NodeJS.Timeout;
  #current: Credentials;
  /** The fingerprint of the files when they were last read, well or not. */
  #seen: string;
  #readAt = performance.now();
  #restMs = leastRestMs;
  #underWay: Promise<Credentials> | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #complaint: string | undefined;

  constructor({ credentials, seen }: ReadCredentials, read: Read) {
    this.#read = read;
    this.#current = credentials;
    this.#seen = seen;
    this.#poll = setInterval(() => this.#look(), pollMs);
    this.#poll.unref();
    this.#renewIn(renewalDelay(credentials.expiresAt, Date.now()));
  }

  current(): Credentials {
    return this.#current;
  }

  onChange(listener: Listener): void {
    this.#listeners.add(listener);
  }

  async refresh(): Promise<Credentials> {
    if (this.#underWay !== undefined) return this.#underWay;
    const isResting = performance.now() - this.#readAt < this.#restMs;
    if (isResting && fingerprint(this.#current.files) === this.#seen) return this.#current;
    return this.#reload();
  }

  close(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#renewal);
    this.#listeners.clear();
    this.#closed.abort();
  }

  #reload(): Promise<Credentials> {
    this.#underWay ??= this.#readAgain().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #readAgain(): Promise<Credentials> {
    this.#seen = fingerprint(this.#current.files);
    try {
      this.#adopt(await this.#read(this.#closed.signal));
    } catch (error) {
      this.#renewIn(retryDelayMs);
      this.#complain(error);
      throw error;
    } finally {
      this.#readAt = performance.now();
    }
    return this.#current;
  }

  #adopt(next: Credentials): void {
    const before = this.#current;
    this.#current = next;
    // Files that the reading brought up have not been looked at before it.
    if (next.files.join("\n") !== before.files.join("\n")) this.#seen = fingerprint(next.files);
    this.#renewIn(renewalDelay(next.expiresAt, Date.now()));
    if (this.#complaint !== undefined) log.info(`credentials are read again from ${next.source}`);
    this.#complaint = undefined;
    const fresh = next.warnings.filter((warning) => !before.warnings.includes(warning));
    for (const warning of fresh) log.warn(warning);
    const isSame = isSameIdentity(before, next);
    this.#restMs = isSame ? Math.min(mostRestMs, this.#restMs * 2) : leastRestMs;
    if (isSame) return;
    for (const listener of this.#listeners) listener(next);
  }

  #look(): void {
    if (fingerprint(this.#current.files) !== this.#seen) this.#reloadInBackground();
  }

  #reloadInBackground(): void {
    this.#reload().catch(() => undefined);
  }

  #complain(error: unknown): void {
    if (this.#closed.signal.aborted) return;
    const complaint = error instanceof Error ? error.message : String(error);
    if (complaint !== this.#complaint) log.warn(`credentials stay as they were: ${complaint}`);
    this.#complaint = complaint;
  }

  #renewIn(delayMs: number | undefined): void {
    clearTimeout(this.#renewal);
    if (delayMs === undefined || this.#closed.signal.aborted) return;
    this.#renewal = setTimeout(() => this.#reloadInBackground(), delayMs);
    this.#renewal.unref();
  }
}
