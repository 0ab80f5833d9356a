/** Reason phrases of the codes that a kube-apiserver, its aggregated servers and proxies send (RFC 9110 15). */
const reasons: Readonly<Record<number, string>> = {
  101: "Switching Protocols",
  200: "OK",
  201: "Created",
  202: "Accepted",
  203: "Non-Authoritative Information",
  204: "No Content",
  205: "Reset Content",
  206: "Partial Content",
  300: "Multiple Choices",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Request Entity Too Large",
  414: "Request URI Too Long",
  415: "Unsupported Media Type",
  416: "Requested Range Not Satisfiable",
  417: "Expectation Failed",
  422: "Unprocessable Entity",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/** The status line, with its line end. */
export function statusLine(version: "1.0" | "1.1", status: number): string {
  return `HTTP/${version} ${status} ${reasons[status] ?? `Status ${status}`}\r\n`;
}

/** Fields that the connection decides on. */
const ofConnection = new Set(["content-length", "transfer-encoding", "connection", "keep-alive"]);

/** Lines of headers that many answers share. */
const shared = new WeakMap<Headers, string>();

/** Headers that many answers share: nobody changes them from here on, and their lines are made once. */
export function sharedHeaders(headers: Headers): Headers {
  shared.set(headers, fieldLines(headers));
  return headers;
}

/** The fields as lines, a Date among them, without those that the connection decides on. Repeated ones are joined, as Headers has them. */
export function headerLines(headers: Headers): string {
  const lines = shared.get(headers);
  if (lines !== undefined) return lines + dateLine();
  return headers.has("date") ? fieldLines(headers) : fieldLines(headers) + dateLine();
}

function fieldLines(headers: Headers): string {
  let lines = "";
  // oxlint-disable-next-line unicorn/no-array-for-each -- a `for` over the entries makes an array for each of them
  headers.forEach((value, name) => {
    if (!ofConnection.has(name)) lines += `${canonicalName(name)}: ${value}\r\n`;
  });
  return lines;
}

const canonicalNames = new Map<string, string>();
const maxCanonicalNames = 256;

/** `x-edge-proxy` as `X-Edge-Proxy`, which is how an apiserver spells it (Go, textproto CanonicalMIMEHeaderKey). */
function canonicalName(name: string): string {
  const known = canonicalNames.get(name);
  if (known !== undefined) return known;
  const canonical = name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
  if (canonicalNames.size < maxCanonicalNames) canonicalNames.set(name, canonical);
  return canonical;
}

let date = "";
let dateSecond = 0;

/** The Date field of now (RFC 9110 6.6.1), made once a second. */
function dateLine(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
  }
  return date;
}
