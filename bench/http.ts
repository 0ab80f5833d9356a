import type { ClientTls } from "../src/upstream/credentials.ts";

/** Something that answers as an apiserver does. */
export interface Server {
  readonly url: string;
  /** Without it and `authorization` nothing is sent, and a proxy lends its own identity. */
  readonly token?: string;
  /** The whole header, where it is no token. */
  readonly authorization?: string;
  /** All that TLS needs, where it is more than a CA. */
  readonly tls?: ClientTls;
  /** The CA's text, for https. */
  readonly ca?: string;
}

export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Sends one request as the load generator would; the body is not read yet. */
export function ask(server: Server, path: string, asked: Asked = {}): Promise<Response> {
  const { method = "GET", body, contentType = "application/json", headers, signal } = asked;
  return fetch(server.url + path, {
    method,
    headers: {
      ...Object.fromEntries(headersOf(server).map(splitHeader)),
      ...contentHeader(body, contentType),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...tlsOf(server),
    ...(signal === undefined ? {} : { signal }),
    timeout: false,
  });
}

/** The same, for a request that must succeed. Rejects with what was answered otherwise. */
export async function demand(server: Server, path: string, asked: Asked = {}): Promise<Buffer> {
  const response = await ask(server, path, asked);
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.ok) return bytes;
  const what = `${asked.method ?? "GET"} ${path} was answered ${response.status}`;
  throw new Error(`${what}: ${bytes.toString().slice(0, 300)}`);
}

/** The header lines of a request for JSON by an agent that gets it unindented. */
export function headersOf(server: Server, accept = "application/json"): readonly string[] {
  const { token, authorization = token === undefined ? undefined : `Bearer ${token}` } = server;
  const credentials = authorization === undefined ? [] : [`Authorization: ${authorization}`];
  return ["User-Agent: edge-proxy-bench", `Accept: ${accept}`, ...credentials];
}

function tlsOf({ tls, ca }: Server): { readonly tls?: ClientTls } {
  if (tls !== undefined) return { tls };
  return ca === undefined ? {} : { tls: { ca, rejectUnauthorized: true } };
}

function contentHeader(body: unknown, contentType: string): Record<string, string> {
  return body === undefined ? {} : { "Content-Type": contentType };
}

function splitHeader(line: string): readonly [string, string] {
  const at = line.indexOf(": ");
  return [line.slice(0, at), line.slice(at + 2)];
}
