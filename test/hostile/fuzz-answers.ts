// Random answers of an apiserver, as bytes: right ones, and ones with something wrong in them.
import { gzipSync } from "node:zlib";

import type { Random } from "../model/random.ts";

/** What upstream sends for a request, a character for each byte. */
export interface SentAnswer {
  readonly text: string;
  /** What the connection does behind it. */
  readonly connection: "stays" | "closes" | "resets";
  /** What the answer's body was before anything was done to it, without gzip. */
  readonly body: string;
  /** Nothing was done to it. */
  readonly isRight: boolean;
}

export interface AskedAnswer {
  readonly name: string;
  readonly method: string;
  readonly takesGzip: boolean;
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

function generateBody(random: Random, name: string): string {
  const filler = () => "x".repeat(random.below(random.chance(0.2) ? 50_000 : 200));
  const items = Array.from({ length: random.below(6) }, (_, at) => ({
    metadata: { name: `${name}-${at}`, resourceVersion: `${at + 1}` },
    data: { filler: filler() },
  }));
  const metadata = { resourceVersion: "7" };
  const list = { kind: "ConfigMapList", apiVersion: "v1", metadata, name, items };
  const text = `${JSON.stringify(list)}\n`;
  // Unpacked this is more than the proxy holds at once.
  return random.chance(0.01) ? text + " ".repeat(34 << 20) : text;
}

function chunked(random: Random, body: string): string {
  let text = "";
  for (let at = 0; at < body.length;) {
    const size = 1 + random.below(random.chance(0.1) ? 10 : body.length);
    const piece = body.slice(at, at + size);
    text += `${piece.length.toString(16)}${random.chance(0.1) ? ";a=b" : ""}\r\n${piece}\r\n`;
    at += size;
  }
  return `${text}0\r\n${random.chance(0.1) ? "X-Trailer: t\r\n" : ""}\r\n`;
}

/** A right answer to a request; its body has the request's name in it. */
function generateRight(random: Random, { name, method, takesGzip }: AskedAnswer): SentAnswer {
  const body = generateBody(random, name);
  const isPacked = takesGzip && random.chance(0.7);
  const sent = isPacked ? latin1(gzipSync(body)) : body;
  const framing = random.pick(["length", "length", "chunked", "close"]);
  const status = random.pick(["200 OK", "200 OK", "200 OK", "201 Created", "404 Not Found", "200"]);
  const lines = [
    `HTTP/1.1 ${status === "200" ? "200 " : status}`,
    "Content-Type: application/json",
    `X-Name: ${name}`,
    ...(isPacked ? ["Content-Encoding: gzip"] : []),
    ...(framing === "length" ? [`Content-Length: ${sent.length}`] : []),
    ...(framing === "chunked" ? ["Transfer-Encoding: chunked"] : []),
    ...(framing === "close" ? ["Connection: close"] : []),
  ];
  const interim = random.chance(0.05) ? "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" : "";
  const head = `${interim}${lines.join("\r\n")}\r\n\r\n`;
  const shown = method === "HEAD" ? "" : framing === "chunked" ? chunked(random, sent) : sent;
  return {
    text: head + shown,
    connection: framing === "close" ? "closes" : "stays",
    body: method === "HEAD" ? "" : body,
    isRight: true,
  };
}

type Change = (random: Random, head: string, body: string) => string;

const statusLines = [
  "HTTP/1.1 99 Low",
  "HTTP/1.1 600 High",
  "HTTP/1.1 999 What",
  "HTTP/1.1 2000 OK",
  "HTTP/1.1 OK",
  "HTTP/1.1  200 OK",
  "HTTP/2 200",
  "HTTP/1.0 200 OK",
  "HTTP/1.7 200 OK",
  "ICY 200 OK",
  "http/1.1 200 OK",
  "HTTP/1.1 +20 OK",
  "HTTP/1.1 204 No Content",
  "HTTP/1.1 304 Not Modified",
  "HTTP/1.1 205 Reset Content",
  "HTTP/1.1 206 Partial Content",
  "HTTP/1.1 101 Switching Protocols",
  "HTTP/1.1 100 Continue",
  "HTTP/1.1 301 Moved\r\nLocation: /elsewhere",
  "HTTP/1.1 407 Proxy",
  "HTTP/1.1 503 Busy\r\nRetry-After: x",
  "",
  "\0",
];

const fieldLines = [
  "Content-Length: 3",
  "Content-Length: 99999999999999999999",
  "Content-Length: -1",
  "Content-Length: 0x10",
  "Content-Length:",
  "Content-Length: 100000000",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: xchunked",
  "Content-Encoding: gzip",
  "Content-Encoding: br",
  "Content-Encoding: deflate",
  "Content-Encoding: gzip, gzip",
  "Content-Encoding: x",
  "Connection: close",
  "Connection: content-length",
  "Upgrade: websocket\r\nConnection: Upgrade",
  "X-Edge-Proxy: cache",
  "no colon",
  "X: a\rb",
  "X: a\0b",
  " folded",
  "\x80: y",
];

const oddBytes = ["\r", "\n", "\0", " ", ":", "\t", "\x7f", "\xff", "0", "9", "f"];

const changes: readonly Change[] = [
  (random, head, body) => head.replace(/HTTP\/1\.1 \d+ ?[^\r]*/, random.pick(statusLines)) + body,
  (random, head, body) => {
    const lines = head.slice(0, -4).split("\r\n");
    lines.splice(1 + random.below(lines.length), 0, random.pick(fieldLines));
    return `${lines.join("\r\n")}\r\n\r\n${body}`;
  },
  (random, head, body) => {
    const at = random.below(head.length);
    const skipped = random.below(2);
    return head.slice(0, at) + random.pick(["", ...oddBytes]) + head.slice(at + skipped) + body;
  },
  (random, head, body) =>
    head.replace(/Content-Length: (\d+)/, (_, length: string) => {
      const changed = Number(length) + random.pick([-100, -2, -1, 1, 2, 100, 1e6]);
      return `Content-Length: ${Math.max(0, changed)}`;
    }) + body,
  (_, head, body) => head.replace(/(?:Content-Length|Transfer-Encoding): .*\r\n/, "") + body,
  // What a body has of too little, too much or other bytes.
  (random, head, body) => head + body.slice(0, random.below(body.length + 1)),
  (random, head, body) => (head + body).slice(0, random.below(head.length + 1)),
  (random, head, body) => {
    const at = random.below(body.length + 1);
    return head + body.slice(0, at) + random.pick(oddBytes) + body.slice(at + random.below(3));
  },
  (random, head, body) => {
    const sizes = [...body.slice(0, 100_000).matchAll(/\b[0-9a-f]{1,5}(?=\r\n)/gi)];
    const size = sizes[random.below(Math.max(1, sizes.length))];
    if (size === undefined) return head + body;
    const other = random.pick(["", "0", "x", "-1", "fffffffff", "1", "ffffffffffffffffff", "5 5"]);
    return head + body.slice(0, size.index) + other + body.slice(size.index + size[0].length);
  },
  (_, head, body) => head + body.replace(/0\r\n\r\n$/, ""),
  // A length of up to 64 MB that a gzip body says to be.
  (random, head, body) => {
    if (!head.includes("gzip") || head.includes("chunked") || body.length < 20) return head + body;
    const claimed = Buffer.alloc(4);
    claimed.writeUInt32LE(random.pick([0, 1, 1000, 32 << 20, 33 << 20, 64 << 20, 0xffff_ffff]));
    return head + body.slice(0, -4) + latin1(claimed);
  },
  // Something behind the answer, which is not that of the next request.
  (_, head, body) =>
    `${head + body}HTTP/1.1 200 OK\r\nX-Name: forged\r\nContent-Length: 6\r\n\r\nforged`,
  (_, head, body) => `${head + body}surplus`,
  (_, head, body) => `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 199 X\r\n\r\n${head + body}`,
  (random, head, body) =>
    head.replace("\r\n", `\r\nX-Long: ${"l".repeat(random.below(300_000))}\r\n`) + body,
  (_, head, body) => head.replaceAll("\r\n", "\n") + body,
  () => "",
  (_, _head, body) => body,
  () => "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nabc",
];

/** An answer, with something wrong in two of three. */
export function generateAnswer(random: Random, asked: AskedAnswer): SentAnswer {
  const right = generateRight(random, asked);
  if (random.chance(0.33)) return right;
  let { text } = right;
  for (let left = 1 + random.below(2); left > 0; left--) {
    const end = text.indexOf("\r\n\r\n", text.startsWith("HTTP/1.1 103") ? 40 : 0) + 4;
    if (end === 3) break;
    text = random.pick(changes)(random, text.slice(0, end), text.slice(end));
  }
  const isWhole = text === right.text;
  return {
    text,
    connection: isWhole ? right.connection : random.pick(["closes", "closes", "resets"]),
    body: right.body,
    isRight: isWhole,
  };
}

/** What is left of an answer that stays: bytes behind it that upstream sends before anybody asks. */
export function staysWithSurplus(random: Random, answer: SentAnswer): SentAnswer {
  if (!answer.isRight || answer.connection !== "stays" || !random.chance(0.1)) return answer;
  const forged = "HTTP/1.1 200 OK\r\nX-Name: forged\r\nContent-Length: 6\r\n\r\nforged";
  return { ...answer, text: answer.text + forged };
}
