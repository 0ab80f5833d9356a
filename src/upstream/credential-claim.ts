import { type Credentials, isNowhere } from "./credentials.ts";

/**
 * Who credentials say that they are, without asking anybody. `named`: two that differ are two identities. `opaque`: a token
 * that only an apiserver can read: another one may be the same identity's.
 */
export interface Claim {
  readonly is: "named" | "opaque";
  readonly text: string;
}

/** The claim of the credentials; undefined while none could be read. It may hold a secret: it is to be hashed. */
export function claimOf({
  server,
  tls,
  authorization,
}: Pick<Credentials, "server" | "tls" | "authorization">): Claim | undefined {
  if (isNowhere(server)) return undefined;
  const byToken = authorization === undefined ? undefined : tokenClaim(authorization);
  const isOpaque = byToken?.is === "opaque";
  const text = JSON.stringify([certificateName(tls.cert) ?? "", byToken?.text ?? ""]);
  return { is: isOpaque ? "opaque" : "named", text };
}

/** A client certificate's subject: name and groups, in any order (KUBERNETES authentication, X509 client certificates). */
function certificateName(pem: string | undefined): string | undefined {
  if (pem === undefined) return undefined;
  // Who has no certificate starts without the module (m: 5 ms).
  const { X509Certificate } = process.getBuiltinModule("node:crypto");
  return new X509Certificate(pem).subject.split("\n").toSorted().join("\n");
}

/** Of a JWT who issued it and for whom (RFC 7519, 4.1); all else changes with every token of one identity. */
function tokenClaim(authorization: string): Claim {
  const [, payload] = /^Bearer [\w-]+\.([\w-]+)\.[\w-]*$/.exec(authorization) ?? [];
  const opaque: Claim = { is: "opaque", text: authorization };
  if (payload === undefined) return opaque;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
    if (typeof claims !== "object" || claims === null) return opaque;
    const { iss, sub }: { iss?: unknown; sub?: unknown } = claims;
    if (typeof sub !== "string") return opaque;
    return { is: "named", text: JSON.stringify([String(iss), sub]) };
  } catch {
    return opaque;
  }
}
