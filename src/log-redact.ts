const hidden = "[redacted]";

/** What looks like a secret, wherever it stands. */
const secrets: readonly (readonly [RegExp, string])[] = [
  // PEM, whole or cut short, also with its newlines escaped; then the same in base64 as kubeconfigs have it.
  [/-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)/g, hidden],
  [/LS0tLS1CRUdJT[A-Za-z0-9+/=]*/g, hidden],
  [/\b(Bearer|Basic|Negotiate)(\s+|%20)[^\s"',;&]+/gi, `$1$2${hidden}`],
  // A WebSocket client's token (apiserver, pkg/authentication/request/websocket).
  [/(base64url\.bearer\.authorization\.k8s\.io\.)[A-Za-z0-9_-]+/g, `$1${hidden}`],
  [/\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,2}/g, hidden],
  // Not the file of that name, which errors name: `/x/token: no such file`.
  [
    /(?<![\w/.-])((?:access_|id_|refresh_)?token|password|client-key-data|client_secret)(\\*["']?\s*[:=]\s*\\*["']?)[^\s"'\\,;&}]+/gi,
    `$1$2${hidden}`,
  ],
  // user:password@ in a URL.
  [/(:\/\/)[^\s/@]+@/g, `$1${hidden}@`],
];

/** The text without bearer tokens, passwords, keys and certificates; best effort on text that others wrote. */
export function redact(text: string): string {
  return secrets.reduce((shown, [secret, instead]) => shown.replace(secret, instead), text);
}
