import { expect } from "bun:test";

import { waitUntil } from "./child-process.ts";

/** One way to an apiserver's contract: the apiserver itself, or the proxy before it. */
export interface Endpoint {
  readonly url: string;
  /** Absent: no Authorization is sent, and the proxy lends its own identity. */
  readonly token?: string;
  /** The CA's text, for https. */
  readonly ca?: string;
}

export interface ContractTarget extends Endpoint {
  /** Before each test of a read its scope is made live, and the proof that it is served from there is asked for. */
  readonly warm?: boolean;
  readonly isFake: boolean;
  /** The apiserver itself, to write and read around the proxy. */
  readonly direct: Endpoint;
  /** What stands in the version-dependent cells: `v1.33.13` knows less than `v1.37.2`. */
  readonly version: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

// A test reads what it has written a line above: a loose shape keeps it readable.
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any;

export interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send(endpoint: Endpoint, path: string, options: Call, signal?: AbortSignal) {
  const { method = "GET", body, contentType = "application/json", headers = {} } = options;
  return fetch(endpoint.url + path, {
    method,
    headers: {
      "User-Agent": "contract/1",
      Accept: "application/json",
      ...(endpoint.token === undefined ? {} : { Authorization: `Bearer ${endpoint.token}` }),
      ...(body === undefined ? {} : { "Content-Type": contentType }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    ...(endpoint.ca === undefined ? {} : { tls: { ca: endpoint.ca, rejectUnauthorized: true } }),
    proxy: false,
    redirect: "manual",
    timeout: false,
    ...(signal === undefined ? {} : { signal }),
  } as RequestInit);
}

/** Sends one request and reads all of its answer. */
export async function call(endpoint: Endpoint, path: string, options: Call = {}): Promise<Answer> {
  const response = await send(endpoint, path, options);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The answer's bytes, for media types that are not text. */
export async function callBytes(
  endpoint: Endpoint,
  path: string,
  options: Call = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly bytes: Buffer }> {
  const response = await send(endpoint, path, options);
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes };
}

export function json(answer: Answer): Loose {
  return JSON.parse(answer.text);
}

/** An open watch whose events are collected as they come. */
export class Watch {
  readonly events: Loose[] = [];
  isEnded = false;
  readonly response: Response;
  readonly #abort: AbortController;

  constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    void this.#read();
  }

  async #read(): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.response.body ?? []) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line.trim() !== "") this.events.push(JSON.parse(line));
      }
    } catch {
      // The test has closed it, or the other side has cut it: either way it is over.
    }
    this.isEnded = true;
  }

  /** Waits until so many events have come, and gives them. */
  async take(count: number, seconds = 8): Promise<Loose[]> {
    const what = () => `${count} events came; there are ${JSON.stringify(this.events)}`;
    await waitUntil("events came", () => this.events.length >= count, seconds).catch(() => {
      throw new Error(what());
    });
    return this.events.slice(0, count);
  }

  async ended(seconds = 8): Promise<Loose[]> {
    await waitUntil("the watch ended", () => this.isEnded, seconds);
    return this.events;
  }

  close(): void {
    this.#abort.abort();
  }
}

/** Opens a watch; resolves with its head. */
export async function watch(endpoint: Endpoint, path: string, options: Call = {}): Promise<Watch> {
  const abort = new AbortController();
  return new Watch(await send(endpoint, path, options, abort.signal), abort);
}

/** Checks an answer to be this Status, as far as it is given. */
export function expectStatus(answer: Answer, code: number, status: Loose): void {
  const shown = JSON.parse(answer.text);
  expect(shown).toMatchObject({
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code,
    ...status,
  });
  expect(answer.status).toBe(code);
}

/** `TYPE name` of each event, bookmarks as `BOOKMARK`. */
export function summary(events: readonly Loose[]): string[] {
  return events.map(({ type, object }) =>
    type === "BOOKMARK" ? type : `${type} ${object.metadata.name}`,
  );
}

export function names(list: Loose): string[] {
  return list.items.map((item: Loose) => item.metadata.name);
}

/** An object's resourceVersion. */
export function versionOf(object: Loose): number {
  return Number(object.metadata.resourceVersion);
}
