import {
  createServer,
  type IncomingMessage,
  request as requestHttp,
  type ServerResponse,
} from "node:http";
import { request as requestHttps } from "node:https";

import { parseRequestInfo } from "../src/api/request-info.ts";
import type { Server } from "./http.ts";

/** A plain HTTP server that forwards all to an apiserver and counts what comes by. */
export interface CountingRelay {
  readonly url: string;
  /** How many requests for this resource came with this verb (list, watch, get …). */
  count(verb: string, resource: string): number;
  /** How many of them asked for the whole of it: a LIST but one of `limit=1`, a WATCH that begins with all there is. */
  countFull(resource: string): number;
  /** Forgets what has come until now. */
  forget(): void;
  stop(): Promise<void>;
}

interface Seen {
  readonly verb: string;
  readonly resource: string;
  readonly isFull: boolean;
}

/** Starts it on a free port of 127.0.0.1. It knows the apiserver's credentials; what it is sent may have others. */
export async function startCountingRelay(apiserver: Server): Promise<CountingRelay> {
  let seen: Seen[] = [];
  const server = createServer((incoming, outgoing) => {
    const { pathname, search } = new URL(incoming.url ?? "/", "http://relay");
    const info = parseRequestInfo(incoming.method ?? "GET", pathname, search.slice(1));
    if (info.isResourceRequest)
      seen.push({ verb: info.verb, resource: info.resource, isFull: isFull(info.verb, search) });
    forward(apiserver, incoming, outgoing);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    count: (verb, resource) =>
      seen.filter((each) => each.verb === verb && each.resource === resource).length,
    countFull: (resource) =>
      seen.filter((each) => each.isFull && each.resource === resource).length,
    forget: () => {
      seen = [];
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Of a list or a watch: whether it is answered with all that there is. */
function isFull(verb: string, search: string): boolean {
  const query = new URLSearchParams(search);
  if (verb === "list") return query.get("limit") !== "1";
  return verb === "watch" && !/^[1-9]/.test(query.get("resourceVersion") ?? "");
}

function forward(apiserver: Server, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { hostname, port } = new URL(apiserver.url);
  const options = {
    hostname,
    port,
    path: incoming.url,
    method: incoming.method,
    headers: { ...incoming.headers, host: `${hostname}:${port}`, ...authorization(apiserver) },
  };
  const onResponse = (response: IncomingMessage) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    outgoing.flushHeaders();
    response.pipe(outgoing);
    response.on("error", () => outgoing.destroy());
  };
  const request =
    apiserver.ca === undefined
      ? requestHttp(options, onResponse)
      : requestHttps({ ...options, ca: apiserver.ca }, onResponse);
  request.on("error", () => outgoing.destroy());
  outgoing.on("close", () => request.destroy());
  incoming.pipe(request);
}

function authorization({ token }: Server): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
