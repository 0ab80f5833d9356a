import { badGateway, StatusError } from "../api/status.ts";
import {
  AnsweredElsewhereError,
  codeOf,
  explainFailure,
  failureKind,
  hasNoConnection,
  isSafe,
  isTimeout,
  pathOf,
  StaleConnectionError,
} from "./apiserver-errors.ts";
import { isNowhere } from "./credentials.ts";
import {
  HealthMonitor,
  type Outage,
  type OutageNews,
  type ProbeOutcomes,
} from "./health-monitor.ts";
import { sendProbe } from "./health-probe.ts";
import { type HealthTiming, healthTiming } from "./health-timing.ts";
import { hedge } from "./hedge.ts";
import { Holding } from "./holding.ts";
import type { CredentialSource } from "./kubeconfig.ts";
import { isBrokenRead, mayRepeat } from "./may-repeat.ts";
import { type RepeatedHeaders, sendRepeated, separateHeaders } from "./repeated-headers.ts";
import { isSentByFetch } from "./sent-by-fetch.ts";
import { type Identity, type Lane, type LaneOf, Sessions } from "./sessions.ts";
import { Link, type LinkState } from "./silence.ts";
import { unreachable } from "./unreachable-error.ts";
import { upgrade, type UpgradeOutcome } from "./upgrade.ts";
import { userAgent } from "./user-agent.ts";

export type { Outage, OutageNews } from "./health-monitor.ts";
export type { Identity, Lane } from "./sessions.ts";
export { UnreachableError } from "./unreachable-error.ts";

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query as they are sent. */
  readonly target: string;
  /** Of this request alone: its authorization is put into them. */
  readonly headers: Headers;
  /** Those of the headers that are sent on several lines. */
  readonly repeated?: RepeatedHeaders | undefined;
  readonly body?: ReadableStream<Uint8Array> | null;
  /** Whether a byte of the body may have gone out; absent where nobody knows. */
  readonly hasSent?: () => boolean;
  readonly identity: Identity;
  readonly lane: Lane;
  /** Of this request, or of few: it is listened to for as long as it is there. */
  readonly signal: AbortSignal;
  /** Milliseconds until the response head must be there; undefined: no limit. */
  readonly headMs: number | undefined;
  /** `keep`: the body passes as it comes; `decode`: gzip is asked for and undone. */
  readonly encoding: "keep" | "decode";
}

/** What a failure is explained by. */
type Asked = Pick<UpstreamRequest, "method" | "target" | "signal" | "hasSent">;

/** A few answers of the largest size that is held. */
const defaultHoldingBytes = 64 << 20;

const probePath = "/livez?exclude=etcd";

/** The kube-apiserver, reached by fetch. Errors are StatusErrors: while nothing is reachable UnreachableErrors, and at once. */
export class Apiserver {
  readonly holding: Holding;
  readonly #credentials: CredentialSource;
  readonly #health: HealthMonitor;
  readonly #sessions = new Sessions();
  readonly #probes = new Map<string, Promise<boolean>>();
  readonly #timing: HealthTiming;
  readonly #answerListeners: ((method: string, tookMs: number) => void)[] = [];
  #link = new Link();
  #hasHttp2 = true;

  /** `holding` counts the answers that are read into memory. */
  constructor(
    credentials: CredentialSource,
    timing: HealthTiming = healthTiming(10_000),
    holding = new Holding(defaultHoldingBytes),
  ) {
    this.holding = holding;
    this.#credentials = credentials;
    this.#timing = timing;
    this.#health = new HealthMonitor((report) => sendProbe(credentials.current(), report), timing);
    this.#health.onOutage(({ is }) => {
      if (is === "down") this.#drop();
    });
    credentials.onChange(() => {
      this.#sessions.renewAll();
      this.#health.changed();
    });
  }

  /** Its URL, for people; where the credentials could not be read yet, that. */
  get server(): string {
    const { server } = this.#credentials.current();
    return isNowhere(server) ? "[no credentials yet]" : server;
  }

  /** Whether what is needed to ask it anything could not be read yet. */
  get lacksCredentials(): boolean {
    return isNowhere(this.#credentials.current().server);
  }

  /** Since when nothing is reachable (CONTRACT 18); undefined while all is well, or only doubted. */
  get outage(): Outage | undefined {
    return this.#health.outage;
  }

  /** Called when an outage is known, before requests that wait are rejected, and when it is over. The result takes the listener off. */
  onOutage(listener: (news: OutageNews) => void): () => void {
    return this.#health.onOutage(listener);
  }

  /** Called with each response head: how long it took. Not with a watch's, which comes when something happens. */
  onAnswer(listener: (method: string, tookMs: number) => void): void {
    this.#answerListeners.push(listener);
  }

  /** The connections that there are; an outage ends them all, and others come after it. */
  get link(): LinkState {
    return this.#link;
  }

  /** How many probes of the link came to what. */
  get probeOutcomes(): ProbeOutcomes {
    return this.#health.probeOutcomes;
  }

  /** From here on the link is probed when it is quiet, at once for the first time. */
  startProbing(): void {
    this.#health.start();
  }

  /** A byte of a body has come: the link is alive. */
  heard(): void {
    this.#health.heard();
  }

  /**
   * Sends the request once, or twice when it is a safe read whose connection failed before an answer. Rejects with a
   * StatusError (502, 503, 504), an UnreachableError where nothing is reachable, or with the signal's reason.
   */
  async fetch(request: UpstreamRequest): Promise<Response> {
    this.#refuseWhileDown(request);
    const over = this.#sessions.isUsed(request) ? "used connections" : "new connections";
    try {
      return await this.#attempt(request);
    } catch (error) {
      if (error instanceof AnsweredElsewhereError) {
        this.#sessions.renew(request);
        return error.response;
      }
      const isRepeated = this.outage === undefined && mayRepeat(error, request, over);
      // Also where it is not: what was kept has failed, and the next read is to have new connections.
      if (isRepeated || isBrokenRead(error, request)) this.#sessions.renew(request);
      if (!isRepeated) throw await this.#verdict(error, request);
    }
    try {
      return await this.#attempt(request);
    } catch (error) {
      throw await this.#verdict(error, request);
    }
  }

  /**
   * Asks for a WebSocket by a GET, once. Rejects as `fetch` does; an answer other than 101 is an outcome, not an error.
   */
  async upgrade(request: UpstreamRequest): Promise<UpgradeOutcome> {
    this.#refuseWhileDown(request);
    const credentials = this.#credentials.current();
    try {
      const outcome = await this.#within(request, (headers, signal) =>
        upgrade(credentials, {
          ...request,
          headers: separateHeaders(headers, request.repeated),
          signal,
        }),
      );
      if (outcome.is === "open") this.#health.heard();
      else this.#answered(request, outcome.response);
      return outcome;
    } catch (error) {
      this.#failed(error, request);
      throw await this.#verdict(error, request);
    }
  }

  /** Whether watches and what is asked beside them go over one connection: HTTP/2, as far as is known. */
  get watchesShareConnection(): boolean {
    return this.#hasHttp2 && this.#credentials.current().server.startsWith("https:");
  }

  /** Whether the server answers anything at all over these connections; who asks meanwhile shares the answer (CONTRACT 18). */
  probe(lane: Lane, identity: Identity = "own"): Promise<boolean> {
    const name = `${identity} ${lane}`;
    const there = this.#probes.get(name);
    if (there !== undefined) return there;
    const probe = this.#probe({ identity, lane }).finally(() => this.#probes.delete(name));
    this.#probes.set(name, probe);
    return probe;
  }

  async #probe(over: LaneOf): Promise<boolean> {
    const limitMs = this.#timing.handshakenMs;
    try {
      const response = await this.fetch({
        ...over,
        method: "GET",
        target: probePath,
        headers: new Headers(),
        signal: AbortSignal.timeout(limitMs),
        headMs: limitMs,
        encoding: "decode",
      });
      await response.body?.cancel();
      return true;
    } catch {
      // What connections are kept there may be dead, although others are to be had.
      this.#sessions.renew(over);
      return false;
    }
  }

  /**
   * A read that waits on a kept connection may do so for ever where that is half-open: the others that are kept tell. Where they
   * live, it is sent again after a while, once, and the first answer counts: a slow answer is no reason to give it up.
   */
  async #suspect(
    request: UpstreamRequest,
    giveUp: (error: Error) => void,
    over: AbortSignal,
  ): Promise<void> {
    const { lane, identity, method, target } = request;
    const mayBeStale = lane === "bulk" && isSafe(method) && this.#sessions.isUsed(request);
    if (!mayBeStale || target === probePath) return;
    const isAlive = await this.probe(lane, identity);
    if (over.aborted || this.outage !== undefined) return;
    if (!isAlive) return giveUp(new StaleConnectionError());
    await hedge({
      afterMs: this.#timing.handshakenMs,
      over,
      send: async (second) => {
        const headers = new Headers(request.headers);
        const signal = AbortSignal.any([request.signal, second]);
        return await this.#attempt({ ...request, headers, signal, lane: "single" });
      },
      answered: (response) => giveUp(new AnsweredElsewhereError(response)),
    });
  }

  /** An answer that has begun did not go on, and its connection is dead. */
  silenceError({ method, target }: Pick<UpstreamRequest, "method" | "target">): StatusError {
    const { outage, server } = this;
    if (outage !== undefined) return unreachable(server, outage, { method, target }, "perhaps");
    return badGateway(`the kube-apiserver ${server} fell silent within ${pathOf(target)}`);
  }

  /** An answer that has begun broke off: resolves to the error, as `fetch` would reject with it. */
  async brokenBody(error: unknown, request: Asked): Promise<unknown> {
    this.#failed(error, request);
    return await this.#verdict(error, request);
  }

  /** Reads the credentials again, after a 401; what was there stays where that fails. */
  async refreshCredentials(): Promise<void> {
    await this.#credentials.refresh().catch(() => undefined);
  }

  #drop(): void {
    const dead = this.#link;
    this.#link = new Link();
    this.#sessions.renewAll();
    dead.die();
  }

  #refuseWhileDown(request: UpstreamRequest): void {
    if (this.outage !== undefined) throw unreachable(this.server, this.outage, request, "nothing");
  }

  async #attempt(request: UpstreamRequest): Promise<Response> {
    const sentMs = performance.now();
    try {
      const response = await this.#send(request);
      if (response.status < 200 || response.status > 599) throw this.#noStatus(request, response);
      this.#sessions.used(request);
      if (request.lane !== "watch") this.#tell(request.method, performance.now() - sentMs);
      this.#answered(request, response);
      return response;
    } catch (error) {
      this.#failed(error, request);
      throw error;
    }
  }

  /** The error of an answer whose status means nothing to anybody (RFC 9110 15). */
  #noStatus({ target }: UpstreamRequest, { status, body }: Response): StatusError {
    void body?.cancel().catch(() => undefined);
    return badGateway(
      `the kube-apiserver ${this.server} answered ${pathOf(target)} with the status ${status}`,
    );
  }

  #tell(method: string, tookMs: number): void {
    for (const told of this.#answerListeners) told(method, tookMs);
  }

  #answered(request: UpstreamRequest, response: Response): void {
    this.#health.answered(response);
    if (response.status === 401 && request.identity === "own") void this.refreshCredentials();
  }

  /** What failed by the caller's or our doing, or by being late, says nothing of the link. */
  #failed(error: unknown, { signal }: Asked): void {
    const isOfLink = !(error instanceof StatusError || error instanceof StaleConnectionError);
    if (signal.aborted || !isOfLink || isTimeout(error)) return;
    this.#health.failed(failureKind(error));
  }

  /** The failure explained, once it is known whether anything is reachable. */
  async #verdict(error: unknown, request: Asked): Promise<unknown> {
    if (!isTimeout(error)) await this.#health.settled();
    return this.#explain(error, request);
  }

  #send(request: UpstreamRequest): Promise<Response> {
    return request.lane === "watch" && this.watchesShareConnection
      ? this.#sendWatch(request)
      : this.#sendOver(request, "http1.1");
  }

  async #sendWatch(request: UpstreamRequest): Promise<Response> {
    try {
      return await this.#sendOver(request, "http2");
    } catch (error) {
      const code = codeOf(error);
      if (code === "HTTP2Unsupported") this.#hasHttp2 = false;
      // A head that is too long for a frame has not been sent (m: from 64 KiB on).
      else if (code !== "UnableToEncode") throw error;
      return await this.#sendOver(request, "http1.1");
    }
  }

  #sendOver(request: UpstreamRequest, protocol: "http2" | "http1.1"): Promise<Response> {
    const credentials = this.#credentials.current();
    return this.#within(request, (headers, signal) =>
      request.repeated !== undefined || !isSentByFetch(request.target, headers)
        ? sendRepeated(credentials, { ...request, headers, signal })
        : this.#sessions.of(request, credentials.tls).fetch(credentials.server + request.target, {
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

  /**
   * With the identity's authorization and a User-Agent, and a signal that also says when the head is late. Of an answer the
   * caller's signal ends the body too, for as long as there is that signal: AbortSignal.any would cost more.
   */
  async #within<T>(
    request: UpstreamRequest,
    send: (headers: Headers, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { headers, signal, headMs } = request;
    const { authorization } = this.#credentials.current();
    if (request.identity === "own" && authorization !== undefined)
      headers.set("authorization", authorization);
    if (!headers.has("user-agent")) headers.set("user-agent", userAgent);
    const sending = new AbortController();
    const leave = () => sending.abort(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave);
    const giveUp = (error: Error) => sending.abort(error);
    const onSlow = (over: AbortSignal) => void this.#suspect(request, giveUp, over);
    const endWaiting = this.#health.watchHead({ headMs, giveUp, onSlow });
    try {
      return await send(headers, sending.signal);
    } catch (error) {
      signal.removeEventListener("abort", leave);
      throw error;
    } finally {
      endWaiting();
    }
  }

  /** What failed as a StatusError (502, 503, 504) that says what was asked of whom; an abort stays what it is. */
  #explain(error: unknown, request: Asked): unknown {
    if (error instanceof StatusError || request.signal.aborted) return error;
    const { outage, server } = this;
    const { method, target } = request;
    if (outage === undefined) return explainFailure(error, { method, target, server });
    const isUnsent = hasNoConnection(error) || request.hasSent?.() === false;
    return unreachable(server, outage, request, isUnsent ? "nothing" : "perhaps", error);
  }
}
