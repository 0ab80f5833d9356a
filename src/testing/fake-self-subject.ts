import type { RequestInfo } from "../api/request-info.ts";

/** Whether who asks wants to know who they are (KEP-3325); every authenticated caller may. */
export function asksWhoItIs(user: string, info: RequestInfo): boolean {
  const { isResourceRequest, verb } = info;
  if (!isResourceRequest || verb !== "create" || user === "system:anonymous") return false;
  return info.group === "authentication.k8s.io" && info.resource === "selfsubjectreviews";
}

/** What kube-apiserver says; the credential-id is another for every token. */
export function selfSubjectReview(user: string, authorization: string): string {
  const hash = Bun.hash(authorization).toString(16);
  return JSON.stringify({
    kind: "SelfSubjectReview",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { creationTimestamp: "2026-01-01T00:00:00Z" },
    status: {
      userInfo: {
        username: user,
        uid: user,
        groups: [user === "admin" ? "system:masters" : "devs", "system:authenticated"],
        extra: { "authentication.kubernetes.io/credential-id": [`FAKE=${hash}`] },
      },
    },
  });
}
