import { isOwnTarget } from "../forward-fixture.ts";
import { unchunk } from "./fuzz-wire.ts";

/** A request as its bytes arrived upstream. */
export interface RawArrival {
  /** The request line. */
  readonly line: string;
  readonly method: string;
  readonly target: string;
  /** All lines between the request line and the empty line. */
  readonly lines: readonly string[];
  /** As it came: with chunk sizes where it came in chunks. */
  readonly body: string;
}

/** An upstream that reads bytes, no HTTP library between: what it kept is what was sent. */
export interface RawUpstream {
  readonly url: string;
  readonly arrivals: RawArrival[];
  stop(): void;
}

/** What is answered; undefined: nothing yet. What the proxy asks for itself is a 404 and not kept. */
export type Answering = (arrival: RawArrival) => Promise<string | Uint8Array> | string | Uint8Array;

export const okAnswer =
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

export function startRawUpstream(answering: Answering = () => okAnswer): RawUpstream {
  const arrivals: RawArrival[] = [];
  const server = Bun.listen<{ text: string }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        socket.data = { text: "" };
      },
      data: async (socket, bytes) => {
        socket.data.text += bytes.toString("latin1");
        for (;;) {
          const read = readRequest(socket.data.text);
          if (read === undefined) return;
          socket.data.text = socket.data.text.slice(read.length);
          const { arrival } = read;
          const isOwn = isOwnTarget(arrival.target);
          if (!isOwn) arrivals.push(arrival);
          const answer = isOwn
            ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
            : await answering(arrival);
          socket.write(typeof answer === "string" ? Buffer.from(answer, "latin1") : answer);
        }
      },
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    arrivals,
    stop: () => server.stop(true),
  };
}

function readRequest(
  text: string,
): { readonly arrival: RawArrival; readonly length: number } | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [line = "", ...lines] = text.slice(0, end).split("\r\n");
  const [method = "", ...rest] = line.split(" ");
  const target = rest.slice(0, -1).join(" ");
  const isChunked = lines.some((each) => /^transfer-encoding: chunked$/i.test(each));
  const [, length = "0"] = /^content-length: (\d+)$/im.exec(lines.join("\n")) ?? [];
  const start = end + 4;
  const chunks = isChunked ? unchunk(text, start) : undefined;
  if (typeof chunks === "string") return undefined;
  const bodyEnd = chunks?.end ?? start + Number(length);
  if (bodyEnd > text.length) return undefined;
  const body = text.slice(start, bodyEnd);
  return { arrival: { line, method, target, lines, body }, length: bodyEnd };
}
