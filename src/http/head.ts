import { badRequest, refusedRequest, type StatusError } from "../api/status.ts";

/** How the end of a request's body is found (RFC 9112 6.3). */
export type Framing =
  | { readonly is: "none" }
  | { readonly is: "length"; readonly bytes: number }
  | { readonly is: "chunked" };

/** The protocols that a request may be upgraded to; any other offer is ignored (RFC 9110 7.8). */
export type Upgrade = "websocket" | "spdy";

/**
 * The header fields of a request, without those that its Connection field names. Two requests of one connection with
 * equal fields share one object.
 */
export interface HeaderBlock {
  /** Name, value, name, value, in the order and number in which they came; names in lower case. */
  readonly fields: readonly string[];
  /** undefined: there is no Host field. */
  readonly host: string | undefined;
  readonly framing: Framing;
  readonly upgrade: Upgrade | undefined;
  /** What the Connection field says of the connection; undefined: nothing. */
  readonly connection: "close" | "keep-alive" | undefined;
  readonly expectsContinue: boolean;
}

export interface RequestLine {
  readonly method: string;
  /** Path and query, exactly as they came. */
  readonly target: string;
  /** What an absolute target names; it takes the place of Host (RFC 9112 3.2.2). */
  readonly authority: string | undefined;
  readonly version: "1.0" | "1.1";
}

/** A head may have this many bytes, terminator included; kube-apiserver takes 1 MiB, clients send a few hundred bytes. */
export const maxHeadBytes = 256 << 10;

const methodForm = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/;
const nameForm = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What no field value may hold (RFC 9110 5.5). */
// oxlint-disable-next-line no-control-regex
const badInValue = /[\0-\x08\x0a-\x1f\x7f]/;
/** What no target may hold; bytes above 0x7f are upstream's to judge. */
// oxlint-disable-next-line no-control-regex
const badInTarget = /[\0-\x20\x7f]/;
const absoluteForm = /^https?:\/\/([^/?#]*)(.*)$/i;
/** `.` or `..` as a segment, in any spelling, and a backslash: URL parsers rewrite them (WHATWG URL, 4.4). */
const rewritten = /\\|\/(?:\.|%2e){1,2}(?:\/|$)/i;

/** The error of a target that another reader of it would take for another one. */
const refusedTarget =
  'edge-proxy takes no path with "." or ".." as a segment, with a backslash or with "#"';

/**
 * Reads a request line. The target is origin form, `/path?query`, or absolute form, of which path and query are kept; a
 * target that URL parsers would rewrite is refused, so that what is sent upstream is what was looked at (CONTRACT 34).
 */
export function parseRequestLine(line: string): RequestLine | StatusError {
  const first = line.indexOf(" ");
  const last = line.lastIndexOf(" ");
  const method = line.slice(0, first);
  if (first <= 0 || last === first || !methodForm.test(method))
    return badRequest("the request line is not `METHOD TARGET HTTP/1.1`");
  const protocol = line.slice(last + 1);
  if (protocol !== "HTTP/1.1" && protocol !== "HTTP/1.0")
    return /^HTTP\/\d\.\d$/.test(protocol)
      ? refusedRequest(505, `edge-proxy speaks HTTP/1.1, not ${protocol}`)
      : badRequest("the request line is not `METHOD TARGET HTTP/1.1`");
  const version = protocol === "HTTP/1.1" ? "1.1" : "1.0";
  const sent = line.slice(first + 1, last);
  if (badInTarget.test(sent))
    return badRequest("the request target has a space or a control character");
  if (method === "CONNECT") return badRequest("edge-proxy serves no CONNECT");
  const absolute = sent.startsWith("/") ? undefined : absoluteForm.exec(sent);
  if (absolute === null)
    return badRequest('the request target begins neither with "/" nor with "http://"');
  const target = absolute === undefined ? sent : originForm(absolute[2] ?? "");
  if (absolute !== undefined && !isHost(absolute[1] ?? ""))
    return badRequest("the request target names no host");
  const query = target.indexOf("?");
  const path = query === -1 ? target : target.slice(0, query);
  if (target.includes("#") || rewritten.test(path)) return badRequest(refusedTarget);
  return { method, target, authority: absolute?.[1], version };
}

/** What follows the authority of an absolute target as a target of its own. */
function originForm(rest: string): string {
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** Lower-case forms of the names that are in use; callers choose names, so there is a bound. */
const lowerNames = new Map<string, string>();
const maxLowerNames = 512;

function lowerName(name: string): string | undefined {
  const known = lowerNames.get(name);
  if (known !== undefined) return known;
  if (!nameForm.test(name)) return undefined;
  const lower = name.toLowerCase();
  if (lowerNames.size < maxLowerNames && name.length <= 64) lowerNames.set(name, lower);
  return lower;
}

/**
 * Reads the lines between the request line and the empty line; each ends in CRLF. Refuses what readers may understand in
 * different ways (RFC 9112 5, 6.1, 11.2): folded lines, spaces before the colon, lengths that differ, a length beside chunks.
 */
export function parseHeaderBlock(text: string): HeaderBlock | StatusError {
  const fields: string[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\r\n", at);
    const colon = text.indexOf(":", at);
    if (colon === -1 || colon > end) return badRequest("a header line has no colon");
    const name = lowerName(text.slice(at, colon));
    if (name === undefined) return badRequest("a header has a name that is none");
    const value = trimmed(text, colon + 1, end);
    if (badInValue.test(value)) return badRequest(`the header ${name} has a control character`);
    fields.push(name, value);
    at = end + 2;
  }
  return readBlock(fields);
}

/** The text without the spaces and tabs around it. */
function trimmed(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function readBlock(fields: readonly string[]): HeaderBlock | StatusError {
  let host: string | undefined;
  let length: string | undefined;
  let coding: string | undefined;
  let connection = "";
  let upgrade: string | undefined;
  let expectation: string | undefined;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const value = fields[at + 1] ?? "";
    switch (fields[at]) {
      case "host":
        if (host !== undefined) return badRequest("there is more than one Host header");
        if (!isHost(value)) return badRequest("the Host header is no host");
        host = value;
        break;
      case "content-length":
        for (const each of value.split(",").map((part) => part.trim())) {
          if (!/^\d{1,15}$/.test(each)) return badRequest("the Content-Length is no length");
          if (length !== undefined && Number(length) !== Number(each))
            return badRequest("there are two Content-Lengths that differ");
          length = each;
        }
        break;
      case "transfer-encoding":
        coding = coding === undefined ? value : `${coding}, ${value}`;
        break;
      case "connection":
        connection = connection === "" ? value : `${connection},${value}`;
        break;
      case "upgrade":
        upgrade = upgrade === undefined ? value : `${upgrade}, ${value}`;
        break;
      case "expect":
        expectation = value;
        break;
    }
  }
  if (coding !== undefined && coding.toLowerCase() !== "chunked")
    return refusedRequest(501, "the only Transfer-Encoding that is served is chunked");
  if (coding !== undefined && length !== undefined)
    return badRequest("there is a Content-Length beside a Transfer-Encoding");
  const options = connection
    .toLowerCase()
    .split(",")
    .map((option) => option.trim());
  return {
    fields: connection === "" ? fields : withoutNamed(fields, options),
    host,
    framing: framingOf(length, coding),
    upgrade: options.includes("upgrade") ? upgradeOf(upgrade) : undefined,
    connection: options.includes("close")
      ? "close"
      : options.includes("keep-alive")
        ? "keep-alive"
        : undefined,
    expectsContinue: expectation?.toLowerCase() === "100-continue",
  };
}

/** Fields that a Connection field names are of this connection only (RFC 9110 7.6.1). */
function withoutNamed(fields: readonly string[], options: readonly string[]): readonly string[] {
  const named = new Set(options);
  for (const option of ["", "close", "keep-alive", "upgrade"]) named.delete(option);
  if (named.size === 0) return fields;
  return fields.filter((_, at) => !named.has(fields[at - (at % 2)] ?? ""));
}

function framingOf(length: string | undefined, coding: string | undefined): Framing {
  if (coding !== undefined) return { is: "chunked" };
  const bytes = Number(length ?? 0);
  return bytes === 0 ? { is: "none" } : { is: "length", bytes };
}

function upgradeOf(asked: string | undefined): Upgrade | undefined {
  const protocol = asked?.toLowerCase();
  if (protocol === "websocket") return "websocket";
  return protocol?.startsWith("spdy/3.1") === true ? "spdy" : undefined;
}

/**
 * What a request line says of the server's name, as far as its beginning tells: the authority of an absolute target, or
 * undefined. It is read of a line that is too long to be looked at before its request is let in.
 */
export function authorityIn(beginning: string): string | undefined {
  const [, authority] = /^[^ ]+ https?:\/\/([^/?# ]*)/i.exec(beginning) ?? [];
  return authority;
}

/** The refusal of a head of more than `maxHeadBytes`. */
export function tooLargeHead(): StatusError {
  return refusedRequest(431, `the head of the request has more than ${maxHeadBytes} bytes`);
}

/** A host name or address, and a port that may be missing or empty (RFC 9110 7.2). */
const hostForm = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::(\d{0,5}))?$/;

/** Whether a Host, or the authority of a target, can be one: what makes no URL is refused (CONTRACT 34). */
export function isHost(text: string): boolean {
  const match = hostForm.exec(text);
  return match !== null && Number(match[1] ?? 0) <= 65_535;
}
