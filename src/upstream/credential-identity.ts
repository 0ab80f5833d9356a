import { log } from "../log.ts";
import type { Apiserver } from "./apiserver.ts";
import { askWhoWeAre, type Subject } from "./credential-subject.ts";
import { isNowhere } from "./credentials.ts";
import type { KnownBefore } from "./known-before.ts";
import type { CredentialSource } from "./kubeconfig.ts";

/** What has become of the credentials: they belong to somebody else, or to another server. */
export type Another = "identity" | "server";

/** The question is put again after this, and then after twice as long each time. */
const firstRetryMs = 1000;
const longestRetryMs = 60_000;

/**
 * Whose the proxy's own credentials are, by what the apiserver says (CONTRACT 22). Asked once there is something that one
 * identity has been shown, and again whenever the credentials have changed: a rotated token or certificate is the same
 * identity. Where the apiserver does not say, nothing is told, which is one line in the log. `before` is what an earlier
 * process has learned: at the first answer what it left is another identity's, or not.
 */
export class CredentialIdentity {
  readonly #apiserver: Pick<Apiserver, "fetch">;
  readonly #whenAnother: (what: Another) => void;
  readonly #before: KnownBefore;
  readonly #closed = new AbortController();
  #server: string;
  #subject: Subject | undefined;
  /** How often the credentials have changed; undefined until somebody wants to know whose they are. */
  #asked: number | undefined;
  #changes = 0;
  #isSaid = false;
  #asking = Promise.resolve();
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(
    apiserver: Pick<Apiserver, "fetch">,
    credentials: Pick<CredentialSource, "current" | "onChange">,
    whenAnother: (what: Another) => void,
    before: KnownBefore,
  ) {
    this.#apiserver = apiserver;
    this.#whenAnother = whenAnother;
    this.#before = before;
    this.#server = credentials.current().server;
    credentials.onChange(({ server }) => this.#changed(server));
  }

  /** From here on it matters whose they are. */
  learn(): void {
    if (this.#asked !== undefined) return;
    this.#asked = this.#changes;
    this.#askNow();
  }

  /** Resolves when the question that is under way is over, answered or not; at once where there is none. Never rejects. */
  get settled(): Promise<void> {
    return this.#asking;
  }

  /** What was known of them counts no more: they are asked about in another cluster. */
  learnAnew(): void {
    this.#subject = undefined;
    this.#asked = ++this.#changes;
    this.#askNow();
  }

  close(): void {
    this.#closed.abort();
    clearTimeout(this.#retry);
  }

  #changed(server: string): void {
    this.#changes++;
    clearTimeout(this.#retry);
    const isFirst = isNowhere(this.#server);
    const isAnotherServer = !isFirst && server !== this.#server;
    this.#server = server;
    if (this.#asked === undefined) return;
    if (isFirst) this.#asked = this.#changes;
    if (isAnotherServer) this.#tell("server", `${server} is another server`);
    this.#askNow();
  }

  #askNow(): void {
    clearTimeout(this.#retry);
    this.#asking = this.#ask(this.#changes, firstRetryMs);
  }

  async #ask(change: number, retryMs: number): Promise<void> {
    const answer = await askWhoWeAre(this.#apiserver, this.#closed.signal);
    // Those that were asked about are not in use any more.
    if (change !== this.#changes || this.#closed.signal.aborted) return;
    switch (answer.is) {
      case "known":
        return this.#known(answer.subject);
      case "not served":
        return this.#unknown(answer.because);
      case "not answered":
        this.#retry = setTimeout(
          () => void this.#ask(change, Math.min(2 * retryMs, longestRetryMs)),
          retryMs,
        );
        this.#retry.unref();
    }
  }

  #known(subject: Subject): void {
    const before = this.#subject;
    this.#subject = subject;
    if (before === undefined) this.#knownFirst(subject);
    else if (before.text !== subject.text) {
      const names = before.name === subject.name ? "with other rights" : `not ${before.name}`;
      this.#tell("identity", `the credentials belong to ${subject.name}, ${names}`);
    }
    this.#before.learned(subject.text);
  }

  #knownFirst({ name, text }: Subject): void {
    switch (this.#before.compare(text)) {
      case "same":
        return;
      case "another":
        return this.#tell("identity", `the credentials belong to ${name}, before it was another`);
      case "unknown":
        return this.#unknown("it was not known whose they were before");
    }
  }

  #unknown(because: string): void {
    if (this.#asked === this.#changes || this.#isSaid) return;
    this.#isSaid = true;
    log.warn(
      `whether the changed credentials belong to the same identity cannot be told: ${because}; all goes on`,
    );
  }

  /** What comes after belongs to what the credentials are at this moment. */
  #tell(what: Another, why: string): void {
    log.warn(`${why}: what was cached is given up`);
    if (what === "server") this.#subject = undefined;
    this.#asked = this.#changes;
    this.#whenAnother(what);
  }
}
