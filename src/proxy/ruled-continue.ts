import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

import { parametersOf, withParameter } from "../api/query.ts";
import { expired } from "../api/status.ts";

/**
 * Tokens of pages of upstream's, sealed: such a token names the last object that upstream looked at, which may be hidden, and no
 * other key would go on from there. A seal is this process's own; the list is begun anew where it is another's.
 */
const key = randomBytes(32);
const cipher = "aes-256-gcm";
const [nonceBytes, tagBytes] = [12, 16];

/** No token of an apiserver has a dot. */
const prefix = "edge-proxy.";

/** The length of a seal tells no more of a name's length than this. */
const blockBytes = 128;

/** The token, for nobody to read. */
export function sealContinue(token: string): string {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, key, nonce);
  const padded = Buffer.alloc(Math.ceil((token.length + 1) / blockBytes) * blockBytes);
  padded.write(token, "latin1");
  const sealed = Buffer.concat([sealing.update(padded), sealing.final()]);
  return prefix + Buffer.concat([nonce, sealing.getAuthTag(), sealed]).toString("base64url");
}

/** The request with upstream's own token in place of a sealed one. Throws `expired` where the seal is not of this process. */
export function withOpenContinue(target: string): string {
  if (!target.includes(prefix)) return target;
  const token = parametersOf(target).get("continue") ?? "";
  return token.startsWith(prefix) ? withParameter(target, "continue", openContinue(token)) : target;
}

function openContinue(token: string): string {
  const bytes = Buffer.from(token.slice(prefix.length), "base64url");
  try {
    const opening = createDecipheriv(cipher, key, bytes.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    });
    opening.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    const padded = Buffer.concat([
      opening.update(bytes.subarray(nonceBytes + tagBytes)),
      opening.final(),
    ]);
    return padded.subarray(0, padded.indexOf(0)).toString("latin1");
  } catch {
    throw expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
    );
  }
}
