import type { DiskOwner } from "./cache/disk-owner.ts";
import { log } from "./log.ts";
import type { Apiserver } from "./upstream/apiserver.ts";
import { ClusterIdentity } from "./upstream/cluster-identity.ts";
import { type Claim, claimOf } from "./upstream/credential-claim.ts";
import { type Another as AnotherOwn, CredentialIdentity } from "./upstream/credential-identity.ts";
import { isNowhere } from "./upstream/credentials.ts";
import { type KnownBefore, rememberedHere } from "./upstream/known-before.ts";
import type { CredentialSource } from "./upstream/kubeconfig.ts";

/** What is cached belongs to somebody else, or comes from another server, or from another cluster. */
export type Another = AnotherOwn | "cluster";

/** Of what lies on disk, before anybody is asked. `to be asked`: only an apiserver can tell. */
export type Verdict = "ours" | "to be asked" | AnotherOwn;

/**
 * Judges by what the credentials say themselves. Another name is another identity; another token that only an apiserver can
 * read may be the same one's. Another address may lead to the same cluster where its uid is known, else it is another server.
 * Without readable credentials, and where nothing is known of the owner, all goes on (CONTRACT 25). Pure.
 */
export function judge(
  owner: Pick<DiskOwner, "has" | "compare">,
  claim: Claim | undefined,
  server: string,
): Verdict {
  if (claim === undefined) return "ours";
  const [part, other] = claim.is === "named" ? (["name", "token"] as const) : otherWay;
  const claimed = owner.compare(part, claim.text);
  if (claimed === "another" && claim.is === "named") return "identity";
  const isSameServer = owner.compare("server", server) !== "another";
  if (!isSameServer && !owner.has("cluster")) return "server";
  const isSame = claimed === "same" || (claimed === "unknown" && !owner.has(other));
  return isSame && isSameServer ? "ours" : "to be asked";
}

const otherWay = ["token", "name"] as const;

export interface OwnershipParts {
  readonly apiserver: Apiserver;
  readonly credentials: CredentialSource;
  /** Whose the contents of the disk are; undefined where nothing is kept. */
  readonly owner: DiskOwner | undefined;
  /** All that is cached, in memory and on disk, is another's: it must be gone for who asks after this. */
  readonly giveUp: (what: Another) => void;
}

/**
 * Whether what is cached is still ours to show: of the identity behind the credentials, and of the cluster that they lead to,
 * over a restart too. What can be told without asking is told before anything is served.
 */
export class Ownership {
  readonly #parts: OwnershipParts;
  readonly #cluster: ClusterIdentity;
  readonly #identity: CredentialIdentity;
  #server: string;
  #settled: Promise<unknown> = Promise.resolve();

  constructor(parts: OwnershipParts) {
    const { apiserver, credentials, giveUp } = parts;
    this.#parts = parts;
    this.#server = credentials.current().server;
    const subject = this.#knownBefore("subject");
    this.#identity = new CredentialIdentity(apiserver, credentials, giveUp, subject);
    this.#cluster = new ClusterIdentity(apiserver, this.#knownBefore("cluster"), () => {
      giveUp("cluster");
      this.#identity.learnAnew();
    });
    credentials.onChange(({ server }) => this.#changed(server));
  }

  /** Judges what is on disk, and asks whose the credentials are. Nothing may have been served yet. */
  begin(): void {
    this.#judge();
    this.learn();
  }

  /** From here on it matters whose the credentials are, and which cluster they lead to. */
  learn(): void {
    this.#identity.learn();
    this.#cluster.learn();
  }

  /** Resolves when what is on disk may be shown, or is gone: at once, unless only an apiserver can tell whose it is. Never rejects. */
  get settled(): Promise<unknown> {
    return this.#settled;
  }

  /** Resolves when upstream has said, since the start or the last outage, what it says of its cluster, or does not answer. Never rejects. */
  get checked(): Promise<"answered" | "not answered"> {
    return this.#cluster.checked;
  }

  #changed(server: string): void {
    const before = this.#server;
    this.#server = server;
    if (server === before) return;
    if (isNowhere(before)) this.#judge();
    this.#cluster.check();
  }

  #judge(): void {
    const { owner, credentials, giveUp } = this.#parts;
    if (owner === undefined) return;
    const current = credentials.current();
    const claim = claimOf(current);
    const verdict = judge(owner, claim, current.server);
    switch (verdict) {
      case "identity":
      case "server":
        log.warn(`what is on disk belongs to another ${verdict} and is removed`);
        giveUp(verdict);
        return this.#learnClaim();
      case "ours":
        // Where nothing is known of the owner yet, it is ours from here on.
        if (!owner.has("name") && !owner.has("token")) this.#learnClaim();
        return;
      case "to be asked":
        this.#settled = Promise.resolve().then(() =>
          Promise.all([this.#identity.settled, this.#cluster.checked]),
        );
    }
  }

  /** Kept once it is known to be the owner's. */
  #learnClaim(): void {
    const { owner, credentials } = this.#parts;
    const current = credentials.current();
    const claim = claimOf(current);
    if (claim === undefined) return;
    const [name, token] = claim.is === "named" ? [claim.text, undefined] : [undefined, claim.text];
    owner?.learn({ name, token, server: current.server });
  }

  /** What the disk knows, or where there is none this process. */
  #knownBefore(part: "subject" | "cluster"): KnownBefore {
    const { owner } = this.#parts;
    if (owner === undefined) return rememberedHere();
    return {
      compare: (text) => owner.compare(part, text),
      learned: (text) => {
        owner.learn({ [part]: text });
        if (part === "subject") this.#learnClaim();
      },
    };
  }
}
