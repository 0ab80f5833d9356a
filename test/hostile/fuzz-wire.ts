// HTTP/1.1 as the RFC has it, read strictly and all at once: what bytes of a connection say, by a reader of its own.

/** How a body's end was found. */
export type BodyEnd = "none" | "length" | "chunked" | "close";

export interface WireAnswer {
  readonly version: string;
  readonly status: number;
  /** Names in lower case, in order. */
  readonly fields: readonly (readonly [string, string])[];
  /** Without chunk sizes, a character for each byte. */
  readonly body: string;
  readonly end: BodyEnd;
}

export interface WireAnswers {
  /** Those that are whole. 1xx answers are not among them. */
  readonly answers: readonly WireAnswer[];
  /** Of what follows them: nothing, one that breaks off, or what is no answer. */
  readonly rest: "nothing" | "partial" | "bad";
  /** Why it is bad. */
  readonly why: string;
  /** The status of an answer that breaks off, where its head is whole. */
  readonly partialStatus: number | undefined;
}

export function valueOf(fields: WireAnswer["fields"], name: string): string | undefined {
  return fields.find(([each]) => each === name)?.[1];
}

const statusForm = /^HTTP\/1\.([01]) ([1-9]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/;
// oxlint-disable-next-line no-control-regex
const fieldForm = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0-\x08\x0a-\x1f\x7f]*?)[ \t]*$/;

/** Reads a connection's answers. `methodOf` says what was asked, by the answer's place; `isClosed`: nothing follows the text. */
export function readAnswers(
  text: string,
  methodOf: (at: number) => string,
  isClosed: boolean,
): WireAnswers {
  const answers: WireAnswer[] = [];
  const stop = (rest: WireAnswers["rest"], why = "", partialStatus?: number): WireAnswers => ({
    answers,
    rest,
    why,
    partialStatus,
  });
  for (let at = 0; at < text.length;) {
    const headEnd = text.indexOf("\r\n\r\n", at);
    if (headEnd === -1) {
      const start = text.slice(at, at + 9);
      return "HTTP/1.1 ".startsWith(start) || /^HTTP\/1\.[01] /.test(start)
        ? stop("partial")
        : stop("bad", `an answer begins with ${JSON.stringify(start)}`);
    }
    const [first = "", ...lines] = text.slice(at, headEnd).split("\r\n");
    const [, minor, code] = statusForm.exec(first) ?? [];
    if (minor === undefined) return stop("bad", `the status line ${JSON.stringify(first)}`);
    const fields = fieldsOf(lines);
    if (typeof fields === "string") return stop("bad", fields);
    const status = Number(code);
    at = headEnd + 4;
    if (status >= 100 && status < 200) {
      if (status === 101) return stop("bad", "a 101");
      continue;
    }
    const framing = framingOf(fields, status, methodOf(answers.length));
    if (framing === undefined) return stop("bad", "lengths that contradict each other");
    const body = bodyOf(text, at, framing, isClosed);
    if (body === "partial") return stop("partial", "", status);
    if (body === "bad") return stop("bad", "a chunk that is none", status);
    at = body.end;
    answers.push({
      version: `1.${minor}`,
      status,
      fields,
      body: body.text,
      end: typeof framing === "number" ? "length" : framing,
    });
  }
  return stop("nothing");
}

type Framing = number | "none" | "chunked" | "close";

function framingOf(
  fields: WireAnswer["fields"],
  status: number,
  method: string,
): Framing | undefined {
  const lengths = fields.filter(([name]) => name === "content-length").map(([, value]) => value);
  const codings = fields.filter(([name]) => name === "transfer-encoding").map(([, value]) => value);
  if (lengths.length > 1 || codings.length > 1 || lengths.length + codings.length > 1)
    return undefined;
  const [length] = lengths;
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return undefined;
  if (method === "HEAD" || status === 204 || status === 304) return "none";
  if (codings.length === 1) return codings[0]?.toLowerCase() === "chunked" ? "chunked" : undefined;
  return length === undefined ? "close" : Number(length);
}

interface Body {
  readonly text: string;
  readonly end: number;
}

function bodyOf(
  text: string,
  at: number,
  framing: Framing,
  isClosed: boolean,
): Body | "partial" | "bad" {
  switch (framing) {
    case "none":
      return { text: "", end: at };
    case "close":
      return isClosed ? { text: text.slice(at), end: text.length } : "partial";
    case "chunked":
      return unchunk(text, at);
  }
  const end = at + framing;
  return end > text.length ? "partial" : { text: text.slice(at, end), end };
}

// oxlint-disable-next-line no-control-regex
const sizeForm = /^([0-9A-Fa-f]{1,13})[ \t]*(?:;[^\0-\x08\x0a-\x1f\x7f]*)?$/;

/**
 * The first answer as a forgiving reader has it: lines may end in LF, lines without a colon and trailers do not count, 205 has
 * no body. undefined: it is not all there, or no such answer.
 */
export function readForgiving(text: string, method: string): WireAnswer | undefined {
  for (let at = 0; ;) {
    const [gap] = /\r?\n\r?\n/.exec(text.slice(at)) ?? [];
    if (gap === undefined) return undefined;
    const headEnd = text.indexOf(gap, at);
    const [first = "", ...lines] = text.slice(at, headEnd).split(/\r?\n/);
    const [, minor = "", code] = /^HTTP\/1\.(\d) +(\d{3})/.exec(first) ?? [];
    if (code === undefined) return undefined;
    const fields = lines
      .filter((line) => line.includes(":"))
      .map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      });
    const status = Number(code);
    at = headEnd + gap.length;
    if (status >= 100 && status < 200 && status !== 101) continue;
    const isChunked = valueOf(fields, "transfer-encoding")?.toLowerCase() === "chunked";
    const length = valueOf(fields, "content-length");
    const framing: Framing =
      method === "HEAD" || status === 204 || status === 205 || status === 304
        ? "none"
        : isChunked
          ? "chunked"
          : length === undefined
            ? "close"
            : Number(length);
    const body =
      framing === "chunked" ? unchunk(text, at, "no trailers") : bodyOf(text, at, framing, true);
    if (typeof body === "string") return undefined;
    const end = typeof framing === "number" ? "length" : framing;
    return { version: `1.${minor}`, status, fields, body: body.text, end };
  }
}

/** Reads chunks up to the end of the trailers, or up to the last chunk. */
export function unchunk(
  text: string,
  from: number,
  upTo: "trailers" | "no trailers" = "trailers",
): Body | "partial" | "bad" {
  const pieces: string[] = [];
  for (let at = from; ;) {
    const lineEnd = text.indexOf("\n", at);
    if (lineEnd === -1) return "partial";
    if (text[lineEnd - 1] !== "\r") return "bad";
    const [, digits] = sizeForm.exec(text.slice(at, lineEnd - 1)) ?? [];
    if (digits === undefined) return "bad";
    const size = Number.parseInt(digits, 16);
    at = lineEnd + 1;
    if (size === 0 && upTo === "no trailers") return { text: pieces.join(""), end: at };
    if (size === 0) {
      const end = endOfTrailers(text, at);
      return typeof end === "number" ? { text: pieces.join(""), end } : end;
    }
    if (at + size + 2 > text.length) {
      const tail = text.slice(at + size, at + size + 2);
      return "\r\n".startsWith(tail) ? "partial" : "bad";
    }
    pieces.push(text.slice(at, at + size));
    at += size + 2;
    if (text.slice(at - 2, at) !== "\r\n") return "bad";
  }
}

function endOfTrailers(text: string, from: number): number | "partial" | "bad" {
  for (let at = from; ;) {
    const end = text.indexOf("\n", at);
    if (end === -1) return "partial";
    if (text[end - 1] !== "\r") return "bad";
    if (end - 1 === at) return end + 1;
    at = end + 1;
  }
}

export interface WireRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly version: string;
  readonly fields: readonly (readonly [string, string])[];
  /** Without chunk sizes, a character for each byte. */
  readonly body: string;
}

export interface WireRequests {
  readonly requests: readonly WireRequest[];
  readonly rest: "nothing" | "partial" | "bad";
  readonly why: string;
  /** Where what is left begins. */
  readonly end: number;
}

const lineForm = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^\0-\x20\x7f]+) HTTP\/1\.([01])$/;

/** Reads a connection's requests, up to the first that two readers could understand in two ways. */
export function readRequests(text: string): WireRequests {
  const requests: WireRequest[] = [];
  for (let at = 0; ;) {
    const begin = at;
    const stop = (rest: WireRequests["rest"], why = ""): WireRequests => ({
      requests,
      rest,
      why,
      end: begin,
    });
    // A line end behind a body (RFC 9112 2.2).
    while (text[at] === "\r" || text[at] === "\n") at++;
    if (at >= text.length) return stop("nothing");
    const headEnd = text.indexOf("\r\n\r\n", at);
    if (headEnd === -1) return stop("partial");
    const [first = "", ...lines] = text.slice(at, headEnd).split("\r\n");
    const [, method, target, minor] = lineForm.exec(first) ?? [];
    if (method === undefined || target === undefined || minor === undefined)
      return stop("bad", `the request line ${JSON.stringify(first)}`);
    const fields = fieldsOf(lines);
    if (typeof fields === "string") return stop("bad", fields);
    const framing = requestFraming(fields, minor);
    if (framing === undefined) return stop("bad", "lengths that contradict each other");
    const body = bodyOf(text, headEnd + 4, framing, false);
    if (typeof body === "string") return stop(body, "the body");
    at = body.end;
    const path = /^https?:\/\/[^/?#]*(.*)$/i.exec(target)?.[1] ?? target;
    requests.push({
      method,
      target: path.startsWith("/") ? path : `/${path}`,
      version: `1.${minor}`,
      fields,
      body: body.text,
    });
  }
}

function requestFraming(fields: WireRequest["fields"], minor: string): Framing | undefined {
  const lengths = fields
    .filter(([name]) => name === "content-length")
    .flatMap(([, value]) => value.split(",").map((part) => part.trim()));
  const codings = fields.filter(([name]) => name === "transfer-encoding").map(([, value]) => value);
  if (lengths.some((length) => !/^\d{1,15}$/.test(length))) return undefined;
  if (new Set(lengths.map(Number)).size > 1) return undefined;
  if (codings.length === 0) return Number(lengths[0] ?? 0);
  if (codings.length > 1 || codings[0]?.toLowerCase() !== "chunked") return undefined;
  return lengths.length > 0 || minor === "0" ? undefined : "chunked";
}

/** The fields of a head, names in lower case; in words the line that is none. */
function fieldsOf(lines: readonly string[]): readonly (readonly [string, string])[] | string {
  const fields: [string, string][] = [];
  for (const line of lines) {
    const [, name, value] = fieldForm.exec(line) ?? [];
    if (name === undefined || value === undefined) return `the header line ${JSON.stringify(line)}`;
    fields.push([name.toLowerCase(), value]);
  }
  return fields;
}
