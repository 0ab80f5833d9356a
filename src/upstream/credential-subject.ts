import type { Apiserver } from "./apiserver.ts";

/** Who somebody is: a name for people, and a text that is the same for the same identity only. */
export interface Subject {
  readonly name: string;
  readonly text: string;
}

export type SubjectAnswer =
  | { readonly is: "known"; readonly subject: Subject }
  /** The apiserver will not say, however often it is asked. */
  | { readonly is: "not served"; readonly because: string }
  | { readonly is: "not answered" };

/** Reviews of our own must be answered by then (CONTRACT 19). */
const reviewMs = 5000;

const review = { kind: "SelfSubjectReview", apiVersion: "authentication.k8s.io/v1" } as const;

/** Changes with every token and certificate of one identity (KEP-4193); measured on 1.33 and 1.37. */
const credentialId = "authentication.kubernetes.io/credential-id";

/** Asks the apiserver who our own credentials belong to, by a SelfSubjectReview (KEP-3325). Never rejects. */
export async function askWhoWeAre(
  apiserver: Pick<Apiserver, "fetch">,
  signal: AbortSignal,
): Promise<SubjectAnswer> {
  try {
    const response = await apiserver.fetch({
      method: "POST",
      target: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      headers: new Headers({ accept: "application/json", "content-type": "application/json" }),
      body: new Blob([JSON.stringify(review)]).stream(),
      identity: "own",
      lane: "bulk",
      signal: AbortSignal.any([signal, AbortSignal.timeout(reviewMs)]),
      headMs: reviewMs,
      encoding: "decode",
    });
    const { status } = response;
    const subject =
      status === 200 || status === 201 ? readSubject(await response.json()) : undefined;
    if (subject !== undefined) return { is: "known", subject };
    if (!response.bodyUsed) await response.body?.cancel();
    // 401: a token that is not valid any more, or not yet.
    if (status === 401 || status === 429 || status >= 500) return { is: "not answered" };
    return { is: "not served", because: `upstream answered ${status} to a SelfSubjectReview` };
  } catch {
    return { is: "not answered" };
  }
}

/** The identity in a review's answer, by CONTRACT 22; undefined where there is none. */
export function readSubject(answer: unknown): Subject | undefined {
  const { username, uid, groups, extra } = fields(fields(fields(answer)["status"])["userInfo"]);
  if (typeof username !== "string") return undefined;
  const others = Object.entries(fields(extra)).filter(([key]) => key !== credentialId);
  const sorted = others.toSorted(([a], [b]) => (a < b ? -1 : 1));
  const inGroups = Array.isArray(groups) ? groups.map(String).toSorted() : [];
  return { name: username, text: JSON.stringify([username, uid ?? "", inGroups, sorted]) };
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
