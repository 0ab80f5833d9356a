import { badGateway, StatusError } from "../api/status.ts";
import {
  codeOf,
  explainFailure,
  isRefused,
  isSafe,
  isTimeout,
  isUnreachable,
  pathOf,
} from "./apiserver-errors.ts";
import { canConnect, connectLimitMs } from "./connection-check.ts";
import type { Credentials } from "./credentials.ts";
import { withHeadDeadline } from "./head-deadline.ts";
import type { CredentialSource } from "./kubeconfig.ts";
import { hasRepeats, sendRepeated, separateHeaders } from "./repeated-headers.ts";
import { upgrade, type UpgradeOutcome } from "./upgrade.ts";

/** Whose credentials a request carries: the proxy's own, or the caller's, and then nothing of ours, client certificate included. */
export type Identity = "own" | "caller";

/**
 * Which connections a request takes. Watches share HTTP/2 where it is offered; all else is HTTP/1.1 (BUN.md 6). A `single`
 * one is on a connection of its own: what a dead pooled socket would make fetch send twice (BUN.md 5l).
 */
export type Lane = "watch" | "bulk" | "single";

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query as they are sent. */
  readonly target: string;
  /** Of this request alone: its authorization is put into them. */
  readonly headers: Headers;
  readonly body?: ReadableStream<Uint8Array> | null;
  readonly identity: Identity;
  readonly lane: Lane;
  readonly signal: AbortSignal;
  /** Milliseconds until the response head must be there; undefined: no limit. */
  readonly headMs: number | undefined;
  /** `keep`: the body passes as it comes; `decode`: gzip is asked for and undone. */
  readonly encoding: "keep" | "decode";
}

/** Idle connections go after this, before a NAT or load balancer on the way forgets them. */
const idleSeconds = 30;
/** A probe must be answered by then (CONTRACT 18, 19). */
const probeMs = 5000;

/** The kube-apiserver, reached by fetch. Errors are StatusErrors that say what was unreachable and since when. */
export class Apiserver {
  readonly #credentials: CredentialSource;
  #sessions = new Map<string, Bun.FetchSession>();
  /** Lanes that have connections which fetch may use again, and then may send what was on them again by itself. */
  readonly #answeredLanes = new Set<string>();
  #connecting: Promise<boolean> | undefined;
  readonly #probes = new Map<Lane, Promise<boolean>>();
  #hasHttp2 = true;
  #failingSince: Date | undefined;

  constructor(credentials: CredentialSource) {
    this.#credentials = credentials;
    credentials.onChange(() => this.#renew());
  }

  get server(): string {
    return this.#credentials.current().server;
  }

  /** Since when nothing has been answered; undefined while all is well. */
  get failingSince(): Date | undefined {
    return this.#failingSince;
  }

  /**
   * Sends the request once, or twice when it is a safe read whose connection failed before an answer. Rejects with a
   * StatusError (502, 503, 504), or with the signal's reason.
   */
  async fetch(request: UpstreamRequest): Promise<Response> {
    const lane = laneName(request);
    const wasAnswered = this.#answeredLanes.has(lane);
    try {
      return await this.#answered(request, this.#send(request));
    } catch (error) {
      if (!mayRepeat(error, request, wasAnswered)) throw this.explain(error, request);
      this.#renewLane(lane);
    }
    try {
      return await this.#answered(request, this.#send(request));
    } catch (error) {
      throw this.explain(error, request);
    }
  }

  /**
   * Asks for a WebSocket by a GET, once. Rejects as `fetch` does; an answer other than 101 is an outcome, not an error.
   */
  async upgrade(request: UpstreamRequest): Promise<UpgradeOutcome> {
    const credentials = this.#credentials.current();
    try {
      const outcome = await this.#within(request, (headers, signal) =>
        upgrade(credentials, { ...request, headers: separateHeaders(headers), signal }),
      );
      if (outcome.is === "open") this.#failingSince = undefined;
      else await this.#answered(request, Promise.resolve(outcome.response));
      return outcome;
    } catch (error) {
      throw this.explain(error, request);
    }
  }

  /** Whether the server answers anything at all, asked over this lane; who asks meanwhile shares the answer (CONTRACT 18). */
  probe(lane: Lane): Promise<boolean> {
    const there = this.#probes.get(lane);
    if (there !== undefined) return there;
    const probe = this.#probe(lane).finally(() => this.#probes.delete(lane));
    this.#probes.set(lane, probe);
    return probe;
  }

  /** Whether a new connection is to be had; who asks meanwhile shares the answer. */
  #isConnectable(server: string): Promise<boolean> {
    this.#connecting ??= canConnect(server).finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #probe(lane: Lane): Promise<boolean> {
    try {
      const response = await this.fetch({
        method: "GET",
        target: "/livez?exclude=etcd",
        headers: new Headers(),
        identity: "own",
        lane,
        signal: AbortSignal.timeout(probeMs),
        headMs: probeMs,
        encoding: "decode",
      });
      await response.body?.cancel();
      return true;
    } catch {
      return false;
    }
  }

  /** An answer that has begun did not go on, and nothing else is answered either. */
  silenceError(target: string): StatusError {
    return badGateway(`the kube-apiserver ${this.server} fell silent within ${pathOf(target)}`);
  }

  /** Reads the credentials again, after a 401; what was there stays where that fails. */
  async refreshCredentials(): Promise<void> {
    await this.#credentials.refresh().catch(() => undefined);
  }

  async #answered(request: UpstreamRequest, answer: Promise<Response>): Promise<Response> {
    const response = await answer;
    this.#failingSince = undefined;
    this.#answeredLanes.add(laneName(request));
    if (response.status === 401 && request.identity === "own") void this.refreshCredentials();
    return response;
  }

  async #send(request: UpstreamRequest): Promise<Response> {
    const credentials = this.#credentials.current();
    const isHttp2 =
      request.lane === "watch" && this.#hasHttp2 && credentials.server.startsWith("https:");
    try {
      return await this.#sendOver(request, credentials, isHttp2 ? "http2" : "http1.1");
    } catch (error) {
      if (!isHttp2 || codeOf(error) !== "HTTP2Unsupported") throw error;
      this.#hasHttp2 = false;
      return await this.#sendOver(request, credentials, "http1.1");
    }
  }

  async #sendOver(
    request: UpstreamRequest,
    credentials: Credentials,
    protocol: "http2" | "http1.1",
  ): Promise<Response> {
    return await this.#within(request, (headers, signal) =>
      hasRepeats(headers) || request.target.startsWith("//")
        ? sendRepeated(credentials, { ...request, headers, signal })
        : this.#session(request, credentials).fetch(credentials.server + request.target, {
            method: request.method,
            headers,
            body: request.body ?? null,
            signal,
            timeout: false,
            decompress: request.encoding === "decode",
            redirect: "manual",
            proxy: false,
            protocol,
          }),
    );
  }

  /** With the identity's authorization, and a signal that also says when the head is late. */
  async #within<T>(
    request: UpstreamRequest,
    send: (headers: Headers, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { headers, signal, headMs } = request;
    const { authorization, server } = this.#credentials.current();
    if (request.identity === "own" && authorization !== undefined)
      headers.set("authorization", authorization);
    const connectMs = connectLimitMs(server);
    const isConnectable = () => this.#isConnectable(server);
    return await withHeadDeadline({ signal, headMs, connectMs, isConnectable }, (inner) =>
      send(headers, inner),
    );
  }

  #session(request: UpstreamRequest, { tls }: Credentials): Bun.FetchSession {
    const { identity, lane } = request;
    const name = laneName(request);
    const there = this.#sessions.get(name);
    if (there !== undefined) return there;
    const session = new Bun.FetchSession({
      keepAlive: lane === "single" ? false : { idleTimeout: idleSeconds },
      tls: {
        rejectUnauthorized: tls.rejectUnauthorized,
        ...(tls.ca === undefined ? {} : { ca: tls.ca }),
        ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
        ...(identity === "caller" || tls.cert === undefined ? {} : { cert: tls.cert }),
        ...(identity === "caller" || tls.key === undefined ? {} : { key: tls.key }),
      },
    });
    this.#sessions.set(name, session);
    return session;
  }

  /** New connections for new credentials; what runs on the old ones finishes. */
  #renew(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
    this.#answeredLanes.clear();
  }

  #renewLane(lane: string): void {
    this.#sessions.get(lane)?.close();
    this.#sessions.delete(lane);
    this.#answeredLanes.delete(lane);
  }

  /** What failed as a StatusError (502, 503, 504) that says what was asked and since when; an abort stays what it is. */
  explain(error: unknown, request: Pick<UpstreamRequest, "method" | "target" | "signal">): unknown {
    if (error instanceof StatusError || request.signal.aborted) return error;
    this.#failingSince ??= new Date();
    const { method, target } = request;
    return explainFailure(error, {
      method,
      target,
      server: this.server,
      failingSince: this.#failingSince,
    });
  }
}

function laneName({ identity, lane }: Pick<UpstreamRequest, "identity" | "lane">): string {
  return `${identity} ${lane}`;
}

/**
 * Whether to send it a second time: a safe read whose connection failed, a write without a body that was refused. Over a
 * connection that was used before, fetch has sent a read again already (BUN.md 5l); over HTTP/2 it does not.
 */
function mayRepeat(error: unknown, request: UpstreamRequest, wasAnswered: boolean): boolean {
  const { method, body, lane, signal } = request;
  if (signal.aborted || isTimeout(error)) return false;
  if (!isSafe(method)) return !body && isRefused(error);
  return isUnreachable(error) || !wasAnswered || lane !== "bulk";
}
