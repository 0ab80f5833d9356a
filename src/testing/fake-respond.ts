import { type IncomingMessage, type ServerResponse } from "node:http";
import { type Socket } from "node:net";

import { splitTarget } from "../api/query.ts";
import { parseRequestInfo, type RequestInfo } from "../api/request-info.ts";
import { type FakeAnswer, statusAnswer } from "./fake-answer.ts";
import { type FakeFaults, type Fault } from "./fake-faults.ts";
import { type FakeRequest } from "./fake-request.ts";
import { findFakeType } from "./fake-types.ts";
import { type WatchSink } from "./fake-watch.ts";

/** A request of any kind, its body read. */
export interface ReadRequest extends Omit<FakeRequest, "info"> {
  readonly info: RequestInfo;
  readonly authorization: string;
}

/** Reads the request, and sends what `run` answers unless a fault befalls it. Rejects when the connection is gone meanwhile. */
export async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  faults: FakeFaults,
  run: (read: ReadRequest) => Promise<FakeAnswer | undefined>,
): Promise<void> {
  const { path, query } = splitTarget(request.url ?? "/");
  const method = request.method ?? "GET";
  const info = parseRequestInfo(method, path, query);
  const headers: [string, string][] = [];
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    headers.push([request.rawHeaders[at] ?? "", request.rawHeaders[at + 1] ?? ""]);
  }
  const deprecation = info.isResourceRequest ? findFakeType(info)?.deprecation : undefined;
  if (deprecation !== undefined) response.setHeader("Warning", `299 - "${deprecation}"`);
  const fault = faults.arrive({ method, path, query, verb: info.verb, headers });
  const body = await readBody(request);
  if (fault?.kind === "hang") return;
  if (fault?.kind === "delay") await Bun.sleep(fault.ms);
  if (fault?.kind === "reset") return void request.socket.destroy();
  const header = (name: string) => {
    const value = request.headers[name];
    return typeof value === "string" ? value : "";
  };
  const read = {
    info,
    query,
    accept: header("accept"),
    userAgent: header("user-agent"),
    contentType: header("content-type"),
    authorization: header("authorization"),
    body,
  };
  const result = fault?.kind === "answer" ? injected(fault, read.accept) : await run(read);
  if (result !== undefined) send(response, request.socket, result, fault);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString();
}

function injected(fault: Fault & { readonly kind: "answer" }, accept: string): FakeAnswer {
  const { code, retryAfterSeconds } = fault;
  const details = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
  const head = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" };
  return statusAnswer({ ...head, message: "a fault of the test", ...details, code }, code, accept);
}

function commonHeaders(contentType: string): Record<string, string> {
  return {
    "Audit-Id": crypto.randomUUID(),
    "Cache-Control": "no-cache, private",
    "Content-Type": contentType,
  };
}

function send(response: ServerResponse, socket: Socket, result: FakeAnswer, fault?: Fault): void {
  if (fault?.kind === "reset-after") return void socket.destroy();
  const body = Buffer.from(result.body);
  const headers = { ...commonHeaders(result.contentType), ...result.headers };
  response.writeHead(result.code, { ...headers, "Content-Length": String(body.length) });
  if (fault?.kind !== "truncate") return void response.end(body);
  response.write(body.subarray(0, Math.floor(body.length / 2)));
  setTimeout(() => socket.destroy(), 20);
}

/** A watch's way out; it is in `watches` while it is open. */
export function watchSink(response: ServerResponse, watches: Set<ServerResponse>): WatchSink {
  return {
    open: (contentType) => {
      watches.add(response);
      response.on("close", () => watches.delete(response));
      response.writeHead(200, commonHeaders(contentType));
      response.flushHeaders();
    },
    write: (bytes) => void response.write(bytes),
    end: () => void response.end(),
    onGone: (callback) => void response.on("close", callback),
  };
}
