import { connectTo } from "../forward-fixture.ts";

/** An answer as it came. */
export interface RawResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends bytes as they are, and gives all that comes until the connection is closed, or so many answers are there. */
export async function exchange(
  url: string,
  bytes: string | Uint8Array,
  answers = Number.POSITIVE_INFINITY,
): Promise<readonly RawResponse[]> {
  const socket = await connectTo(url);
  socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  let text = "";
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (readResponses(text).length >= answers) resolve();
    });
    socket.on("close", () => resolve());
  });
  socket.destroy();
  return readResponses(text);
}

/** The answers in what a connection has sent, each with its whole body; one that is cut off is not among them. */
export function readResponses(text: string): readonly RawResponse[] {
  const responses: RawResponse[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\r\n\r\n", at);
    if (end === -1) break;
    const [first = "", ...lines] = text.slice(at, end).split("\r\n");
    const status = Number(first.split(" ")[1]);
    const headers = new Map(lines.map(fieldOf));
    at = end + 4;
    if (status === 100) continue;
    const read =
      headers.get("transfer-encoding") === "chunked"
        ? unchunked(text, at)
        : sized(text, at, Number(headers.get("content-length") ?? 0));
    if (read === undefined) break;
    responses.push({ status, headers, body: read.body });
    at = read.end;
  }
  return responses;
}

function fieldOf(line: string): [string, string] {
  const at = line.indexOf(":");
  return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
}

interface Body {
  readonly body: string;
  readonly end: number;
}

function sized(text: string, at: number, length: number): Body | undefined {
  const end = at + length;
  return end > text.length ? undefined : { body: text.slice(at, end), end };
}

function unchunked(text: string, from: number): Body | undefined {
  let body = "";
  for (let at = from; ;) {
    const line = text.indexOf("\r\n", at);
    if (line === -1) return undefined;
    const length = Number.parseInt(text.slice(at, line), 16);
    const end = line + 2 + length;
    if (end + 2 > text.length) return undefined;
    body += text.slice(line + 2, end);
    at = end + 2;
    if (length === 0) return { body, end: at };
  }
}
