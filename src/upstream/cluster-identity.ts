import { log } from "../log.ts";
import type { Apiserver } from "./apiserver.ts";
import type { KnownBefore } from "./known-before.ts";
import { resourcePath } from "./resource-path.ts";

/** How a check ended. `silent`: the apiserver will not say, and another cluster cannot be told. */
type Outcome =
  | { readonly is: "known"; readonly uid: string }
  | { readonly is: "silent" }
  | { readonly is: "not answered" };

/** Small questions of our own must be answered by then (CONTRACT 19). */
const askMs = 5000;
const firstRetryMs = 1000;
const longestRetryMs = 60_000;

const target = resourcePath(
  { group: "", version: "v1", resource: "namespaces" },
  "",
  "kube-system",
);
const metadataOnly =
  "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;q=0.9";

/**
 * Which cluster upstream is, by the uid of its namespace kube-system (CONTRACT 17): asked once at the start and again when an
 * outage is over, by one small GET. Who may not read it (403, 404) is told nothing, and all goes on.
 */
export class ClusterIdentity {
  readonly #apiserver: Pick<Apiserver, "fetch" | "onOutage">;
  readonly #before: KnownBefore;
  readonly #whenAnother: () => void;
  readonly #closed = new AbortController();
  #checks = 0;
  #checking: Promise<"answered" | "not answered"> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(
    apiserver: Pick<Apiserver, "fetch" | "onOutage">,
    before: KnownBefore,
    whenAnother: () => void,
  ) {
    this.#apiserver = apiserver;
    this.#before = before;
    this.#whenAnother = whenAnother;
    apiserver.onOutage(({ is }) => {
      if (is === "up" && this.#checks > 0) this.check();
    });
  }

  /** From here on it matters which one it is. */
  learn(): void {
    if (this.#checks === 0) this.check();
  }

  /** Asks; what was known of the cluster is in doubt until the answer is there. */
  check(): void {
    this.#checks++;
    this.#checking = this.#check(this.#checks, firstRetryMs);
  }

  /** Resolves when the check that is under way is over: whether it was answered. At once where there is none. Never rejects. */
  get checked(): Promise<"answered" | "not answered"> {
    return this.#checking ?? Promise.resolve("answered");
  }

  close(): void {
    this.#closed.abort();
    clearTimeout(this.#retry);
  }

  async #check(check: number, retryMs: number): Promise<"answered" | "not answered"> {
    clearTimeout(this.#retry);
    const outcome = await this.#ask();
    if (this.#closed.signal.aborted) return "not answered";
    // Asked again meanwhile: that answer counts.
    if (check !== this.#checks) return await this.checked;
    switch (outcome.is) {
      case "known":
        this.#known(outcome.uid);
        return "answered";
      case "silent":
        return "answered";
      case "not answered": {
        const again = () => {
          this.#checking = this.#check(check, Math.min(2 * retryMs, longestRetryMs));
        };
        this.#retry = setTimeout(again, retryMs);
        this.#retry.unref();
        return "not answered";
      }
    }
  }

  #known(uid: string): void {
    if (this.#before.compare(uid) === "another") {
      log.warn(
        "the kube-apiserver is of another cluster: what was cached of the other is given up",
      );
      this.#whenAnother();
    }
    this.#before.learned(uid);
  }

  async #ask(): Promise<Outcome> {
    try {
      const response = await this.#apiserver.fetch({
        method: "GET",
        target,
        headers: new Headers({ accept: metadataOnly }),
        identity: "own",
        lane: "bulk",
        signal: AbortSignal.any([this.#closed.signal, AbortSignal.timeout(askMs)]),
        headMs: askMs,
        encoding: "decode",
      });
      const { status } = response;
      if (status === 200) {
        const uid = uidIn(await response.json());
        return uid === undefined ? { is: "silent" } : { is: "known", uid };
      }
      await response.body?.cancel();
      return { is: status === 401 || status === 429 || status >= 500 ? "not answered" : "silent" };
    } catch {
      return { is: "not answered" };
    }
  }
}

function uidIn(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const { metadata }: { metadata?: unknown } = answer;
  if (typeof metadata !== "object" || metadata === null) return undefined;
  const { uid }: { uid?: unknown } = metadata;
  return typeof uid === "string" && uid !== "" ? uid : undefined;
}
