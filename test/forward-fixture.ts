import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";

/** An upstream of the tests that does as told, byte for byte, and keeps what has arrived. What the proxy asks for itself is answered and not kept. */
export interface PlainUpstream {
  readonly url: string;
  readonly arrivals: PlainArrival[];
  /** Resets every connection. */
  resetConnections(): void;
  stop(): void;
}

export interface PlainArrival {
  readonly method: string;
  readonly target: string;
  /** Names and values as they came, repeats kept. */
  readonly lines: readonly (readonly [string, string])[];
}

export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

/** The proxy's probes, and its questions who and where it is. */
const ownTargets = [
  "/livez",
  "/apis/authentication.k8s.io/v1/selfsubjectreviews",
  "/api/v1/namespaces/kube-system",
];

/** Whether the proxy asks for this itself, whenever it likes. */
export function isOwnTarget(target: string): boolean {
  return ownTargets.some((own) => target.startsWith(own));
}

export async function startPlainUpstream(behave: Behaviour): Promise<PlainUpstream> {
  const arrivals: PlainArrival[] = [];
  const server = createServer((request, response) => {
    const { rawHeaders, method = "", url = "" } = request;
    const lines = Array.from(
      { length: rawHeaders.length / 2 },
      (_, at) => [rawHeaders[2 * at]!, rawHeaders[2 * at + 1]!] as const,
    );
    if (isOwnTarget(url)) {
      request.resume();
      return void response.writeHead(404).end();
    }
    arrivals.push({ method, target: url, lines });
    request.on("error", () => undefined);
    behave(request, response);
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  const resetConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  return { url: `http://127.0.0.1:${port}`, arrivals, resetConnections, stop };
}

/** The values of a header as they arrived, line by line. */
export function valuesOf({ lines }: PlainArrival, name: string): readonly string[] {
  return lines.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Sends a request as written and reads until the connection is closed; for what fetch would add or hide. */
export async function sendRaw(url: string, head: readonly string[], body = ""): Promise<RawAnswer> {
  const socket = await connectTo(url);
  socket.write(`${[...head, "Connection: close"].join("\r\n")}\r\n\r\n${body}`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const end = bytes.indexOf("\r\n\r\n");
  const [first = "", ...lines] = bytes.subarray(0, end).toString().split("\r\n");
  const headers = new Map(
    lines.map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
  const rest = bytes.subarray(end + 4);
  const isChunked = headers.get("transfer-encoding") === "chunked";
  return {
    status: Number(first.split(" ")[1]),
    headers,
    body: isChunked ? unchunk(rest) : rest,
  };
}

function unchunk(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf("\r\n", at);
    const length = Number.parseInt(bytes.subarray(at, end).toString(), 16);
    if (!(length > 0)) break;
    chunks.push(bytes.subarray(end + 2, end + 2 + length));
    at = end + 4 + length;
  }
  return Buffer.concat(chunks);
}

export function connectTo(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => resolve(socket));
    socket.on("error", reject);
  });
}
