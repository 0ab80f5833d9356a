import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";

import { createCertificate } from "../src/testing/certificate.ts";
import { freePort } from "../src/testing/child-process.ts";

/** What the upstream gives away in its answers. */
interface Given {
  readonly body: string;
  readonly issued: string;
  readonly issuedOpaque: string;
  readonly own: string;
}

/** An upstream that answers well, wrongly, half and not at all, with secrets in what it says. */
export interface OddUpstream {
  readonly url: string;
  /** The same over TLS, with a certificate that nobody trusts. */
  readonly tlsUrl: string;
  /** Refuses connections until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
}

export async function startOddUpstream(given: Given): Promise<OddUpstream> {
  const take = (request: IncomingMessage, response: ServerResponse) =>
    answer(request, response, given);
  const plain = createServer(take);
  const tls = createTlsServer(createCertificate(), take);
  const [port, tlsPort] = [freePort(), freePort()];
  const open = (server: typeof plain, at: number) =>
    new Promise<void>((resolve) => server.listen(at, "127.0.0.1", resolve));
  const close = async (server: typeof plain) => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  await Promise.all([open(plain, port), open(tls, tlsPort)]);
  return {
    url: `http://127.0.0.1:${port}`,
    tlsUrl: `https://127.0.0.1:${tlsPort}`,
    down: () => close(plain),
    up: () => open(plain, port),
    stop: async () => {
      await Promise.all([close(plain), close(tls)]);
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, given: Given): void {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://x");
  const isWatch = searchParams.has("watch");
  const send = (code: number, body: unknown) => {
    response.writeHead(code, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
  const status = (code: number, message: string) => send(code, { kind: "Status", code, message });
  const secret = {
    metadata: { name: "a", namespace: "default", uid: "u", resourceVersion: "3" },
    data: { key: given.body, token: given.issued },
  };
  if (pathname.startsWith("/refused")) return status(401, "Unauthorized");
  if (pathname.startsWith("/reset")) return void request.socket.destroy();
  if (pathname.startsWith("/cut")) return cut(response, `{"data":{"key":"${given.body}"`);
  if (pathname.endsWith("/token")) return send(201, { status: { token: given.issuedOpaque } });
  // A gateway that says back what it was sent.
  if (pathname.includes("/refused.example.com/"))
    return status(503, `expired: ${request.headers.authorization}`);
  if (pathname.includes("/nostatus.example.com/")) return send(503, `<p>${given.issuedOpaque}</p>`);
  if (pathname.includes("/broken"))
    return send(200, `{"type":"ADDED","object":{"kind":"Secret","metadata":${given.own}}}\n`);
  // No WatchList here: what is filled is filled by pages, and each watch breaks.
  if (searchParams.has("sendInitialEvents")) return status(422, "forbidden");
  if (isWatch) return cut(response, `{"type":"ADDED","object":{"data":"${given.body}`);
  if (!pathname.endsWith("/secrets")) return send(200, { kind: "Secret", ...secret });
  const metadata = { resourceVersion: "5" };
  send(200, { kind: "SecretList", apiVersion: "v1", metadata, items: [secret] });
}

/** The answer breaks off after this. */
function cut(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.write(text, () => response.destroy());
}
