// Random requests of HTTP/1.1, as bytes: right ones, and ones with something wrong in them.
import type { Random } from "../model/random.ts";

/** One request as it is sent, a character for each byte. */
export interface SentRequest {
  readonly text: string;
  /** Nothing was done to it that a reader could understand in another way. */
  readonly isPlain: boolean;
}

const many = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));

/** What a body holds: what would be a request, or the end of a body, to who loses count. */
function generateBody(random: Random, nr: string): string {
  const pieces = [
    `GET /fuzz/smuggled-${nr} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    `POST /fuzz/smuggled-${nr} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc`,
    "0\r\n\r\n",
    "\r\n\r\n",
    "\r\n",
    "5\r\nhello\r\n",
    "\0",
    "\xff\xfe",
    '{"kind":"ConfigMap"}',
    "x".repeat(random.below(300)),
  ];
  const body = many(random.below(6), () => random.pick(pieces)).join("");
  return random.chance(0.03) ? body + "y".repeat(random.below(200_000)) : body;
}

function chunked(random: Random, body: string): string {
  let text = "";
  for (let at = 0; at < body.length;) {
    const size = 1 + random.below(random.chance(0.3) ? 5 : body.length);
    const piece = body.slice(at, at + size);
    const digits = piece.length.toString(16);
    const zeros = random.chance(0.1) ? "00" : "";
    const extension = random.chance(0.1) ? random.pick([";a=b", ';a="b c"', " ; q", ";"]) : "";
    text += `${zeros}${random.chance(0.3) ? digits.toUpperCase() : digits}${extension}\r\n${piece}\r\n`;
    at += size;
  }
  const trailers = random.chance(0.15) ? "X-Trailer: t\r\nContent-Length: 3\r\n" : "";
  return `${text}${random.chance(0.1) ? "000" : "0"}\r\n${trailers}\r\n`;
}

const connectionTokens = [
  "keep-alive",
  "close",
  "X-Nr",
  "x-other",
  "Content-Length",
  "Transfer-Encoding",
  "Host",
  "Authorization",
  "Expect",
  "Upgrade",
  "",
  "a b",
  "Connection",
];

function extraLines(random: Random): string[] {
  const kinds: (() => string)[] = [
    () => `X-A${random.below(1000)}: ${"v".repeat(random.below(50))}`,
    () => `X-Bytes: ${many(8, () => String.fromCharCode(128 + random.below(128))).join("")}`,
    () => `X-Tab:\t a\tb \t`,
    () => "X-Empty:",
    () => `X-Long: ${"l".repeat(random.below(20_000))}`,
    () => `${"N".repeat(1 + random.below(3000))}: v`,
    () => many(random.below(200), (at) => `X-Many-${at}: ${at}`).join("\r\n") || "X-None: 0",
    () =>
      `Connection: ${many(1 + random.below(3), () => random.pick(connectionTokens)).join(", ")}`,
    () => "Expect: 100-continue",
    () => "TE: trailers",
    () => "Keep-Alive: timeout=5",
    () => "Proxy-Connection: keep-alive",
    () => "Upgrade: h2c",
    () => "Connection: Upgrade\r\nUpgrade: websocket",
    () => "Impersonate-User: a\r\nImpersonate-Group: b\r\nImpersonate-Group: c",
    () => "Accept: application/json",
    () => "Authorization: Bearer x",
    () => "Accept-Encoding: gzip",
    () => "Range: bytes=0-1",
    () => "If-None-Match: *",
    () => "X-Forwarded-For: 1.2.3.4",
    () => "Trailer: X-Trailer",
  ];
  return many(random.below(5), () => random.pick(kinds)());
}

/** A right request. The number is the end of its target and in X-Nr, so that it is known upstream. */
export function generateRequest(random: Random, nr: string): SentRequest {
  const hasBody = random.chance(0.6);
  const method = hasBody
    ? random.pick(["POST", "PUT", "PATCH", "DELETE"])
    : random.pick(["GET", "GET", "DELETE", "OPTIONS", "HEAD"]);
  const path = random.pick(["/fuzz", "/fuzz/a%20b", "/apis/fuzz.example/v1", ""]);
  const target = `${random.chance(0.05) ? "http://localhost" : ""}${path}/${nr}${random.pick(["", "", "?q=%00&x", "?q='|"])}`;
  const body = hasBody ? generateBody(random, nr) : "";
  const isOld = random.chance(0.05);
  const isChunked = hasBody && !isOld && random.chance(0.5);
  const lengths = many(random.chance(0.05) ? 2 : 1, () => `Content-Length: ${body.length}`);
  const framing = isChunked
    ? [random.pick(["Transfer-Encoding: chunked", "transfer-encoding:chunked"])]
    : hasBody || random.chance(0.1)
      ? lengths
      : [];
  const lines = shuffled(random, [
    `Host: ${random.pick(["localhost", "127.0.0.1:8001"])}`,
    `X-Nr: ${nr}`,
    ...framing,
    ...extraLines(random),
  ]);
  const first = `${method} ${target} HTTP/1.${isOld ? 0 : 1}`;
  const before = random.chance(0.05) ? random.pick(["\r\n", "\r\n\r\n", "\n"]) : "";
  const head = `${before}${[first, ...lines].join("\r\n")}\r\n\r\n`;
  return { text: head + (isChunked ? chunked(random, body) : body), isPlain: true };
}

const lengthValues = [
  "99999999999999999999",
  "0x5",
  "+5",
  "-1",
  "5,5",
  "5, 6",
  "5;",
  "",
  "00005",
  "5 5",
  "1e1",
  "5\x0b",
  "\xb2",
];
const codingValues = [
  "chunked, chunked",
  "gzip, chunked",
  "Chunked",
  "chunked;x",
  "\x0bchunked",
  "identity",
  "xchunked",
  '"chunked"',
  "chunked,",
  ", chunked",
  "chunked\x00",
  "",
];
const sizeValues = [
  "0x5",
  "-5",
  "+5",
  "5 ",
  " 5",
  "",
  "g",
  "ffffffffffffffff",
  "5;\x00",
  "5\n",
  "5_",
];
const oddBytes = [
  "\r",
  "\n",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  "\x0b",
  "\x0c",
  "\x7f",
  "\x85",
  "\xa0",
  "\xff",
  "#",
  "0",
];

type Change = (random: Random, head: string, body: string) => string;

const changeLine =
  (pattern: RegExp, make: (random: Random, line: string) => string): Change =>
  (random, head, body) =>
    head.replace(pattern, (line) => make(random, line)) + body;

const addLine =
  (make: (random: Random) => string): Change =>
  (random, head, body) => {
    const lines = head.slice(0, -4).split("\r\n");
    lines.splice(1 + random.below(lines.length), 0, make(random));
    return `${lines.join("\r\n")}\r\n\r\n${body}`;
  };

/** What is done to a right request, its head with the empty line behind it. */
const changes: readonly Change[] = [
  // A byte more, less or another one, anywhere in the head.
  (random, head, body) => {
    const at = random.below(head.length);
    return head.slice(0, at) + random.pick(oddBytes) + head.slice(at) + body;
  },
  (random, head, body) => {
    const at = random.below(head.length);
    return head.slice(0, at) + head.slice(at + 1) + body;
  },
  (random, head, body) => {
    const at = random.below(head.length);
    return head.slice(0, at) + random.pick(oddBytes) + head.slice(at + 1) + body;
  },
  // A line end that is none, a folded line, a line twice.
  (random, head, body) => {
    const ends = [...head.matchAll(/\r\n/g)].map(({ index }) => index);
    const at = random.pick(ends);
    const end = random.pick([
      "\n",
      "\r",
      "\r\r\n",
      "\n\r",
      "\r\n ",
      "\r\n\t",
      "\r\n\r\n",
      "\0\r\n",
    ]);
    return head.slice(0, at) + end + head.slice(at + 2) + body;
  },
  (random, head, body) => {
    const lines = head.slice(0, -4).split("\r\n");
    return `${[...lines, random.pick(lines)].join("\r\n")}\r\n\r\n${body}`;
  },
  // Two ways to find the end of the body.
  addLine((random) => `Content-Length: ${random.pick(lengthValues)}`),
  addLine((random) => `Content-Length: ${random.below(50)}`),
  addLine((random) => `Transfer-Encoding: ${random.pick(codingValues)}`),
  addLine((random) =>
    random.pick([
      "Transfer-Encoding : chunked",
      "Content-Length : 3",
      "Content_Length: 3",
      "Transfer_Encoding: chunked",
      " Transfer-Encoding: chunked",
      "X: y\rTransfer-Encoding: chunked",
      "X: y\nContent-Length: 3",
      "\0Content-Length: 3",
      "Content-Length\0: 3",
      "Host: localhost",
      "Host: evil.example",
      "no colon",
      ": no name",
    ]),
  ),
  changeLine(/^content-length:.*$/im, (random) => `Content-Length: ${random.pick(lengthValues)}`),
  changeLine(/^content-length: *(\d+)$/im, (random, line) => {
    const length = Number(line.replace(/\D/g, ""));
    return `Content-Length: ${Math.max(0, length + random.below(21) - 10)}`;
  }),
  changeLine(
    /^transfer-encoding:.*$/im,
    (random) => `Transfer-Encoding: ${random.pick(codingValues)}`,
  ),
  changeLine(/^(content-length|transfer-encoding):.*\r\n/im, () => ""),
  // The request line.
  changeLine(/^\S+/, (random) =>
    random.pick(["get", "delete", "BREW", "GE T", "", "CONNECT", "X".repeat(40), "P\xd6ST"]),
  ),
  changeLine(/HTTP\/1\.[01]/, (random) =>
    random.pick([
      "HTTP/1.2",
      "HTTP/2.0",
      "http/1.1",
      "HTTP/1.1 ",
      "HTTP/1.",
      "HTTP/0.9",
      "",
      "HTTP/11",
    ]),
  ),
  // The body.
  (random, head, body) => {
    const sizes = [...body.matchAll(/[0-9a-f]+(?=\r\n)/gi)];
    const size = sizes[random.below(Math.max(1, sizes.length))];
    if (size === undefined) return head + body;
    const end = size.index + size[0].length;
    const other = random.chance(0.5)
      ? random.pick(sizeValues)
      : (Number.parseInt(size[0], 16) + random.below(5) - 2).toString(16);
    return head + body.slice(0, size.index) + other + body.slice(end);
  },
  (random, head, body) => head + body.slice(0, random.below(body.length + 1)),
  (random, head, body) => {
    const at = random.below(body.length + 1);
    return head + body.slice(0, at) + random.pick(oddBytes) + body.slice(at);
  },
  (random, head, body) =>
    head + body + random.pick(["\r\n", "\n", "\r", "\0", "x", "GET", "\r\n\r\n "]),
];

/** Does one or two things to a request, which may still be right afterwards. */
export function mutate(random: Random, { text }: SentRequest): SentRequest {
  // The refusal of a head that cannot be read has a body, also where it may have been a HEAD.
  let changed = text.replace(/^(\s*)HEAD/, "$1GET");
  for (let left = 1 + random.below(2); left > 0; left--) {
    const end = changed.indexOf("\r\n\r\n") + 4;
    if (end === 3) break;
    changed = random.pick(changes)(random, changed.slice(0, end), changed.slice(end));
  }
  return { text: changed, isPlain: false };
}

function shuffled<T>(random: Random, from: readonly T[]): T[] {
  const left = [...from];
  return many(left.length, () => left.splice(random.below(left.length), 1)[0]!);
}

/** The text cut at random places, so often that a head may come byte by byte. */
export function segmentsOf(random: Random, text: string): string[] {
  const cuts = random.pick([0, 1, 3, 10, 40]);
  const places = many(cuts, () => random.below(text.length + 1)).toSorted((a, b) => a - b);
  return [...places, text.length]
    .map((end, at) => text.slice(places[at - 1] ?? 0, end))
    .filter((segment) => segment !== "");
}
