import { connectTo } from "../forward-fixture.ts";
import { Violation } from "../model/session.ts";

/** How often something happened in the run of a seed: `{ served: 12, refused: 3 }`. */
export type Counts = Readonly<Record<string, number>>;

export interface KindOptions {
  /** The compiled proxy; `./edge-proxy` unless told otherwise. */
  readonly binary?: string;
  /** Media types: against a real kube-apiserver, where one is found. */
  readonly isReal?: boolean;
}

/** One kind of hostile input. */
export interface HostileKind {
  readonly name: string;
  /** Starts what the seeds of this kind share: the proxy, and an upstream. */
  open(options: KindOptions): Promise<HostileScene>;
}

export interface HostileScene {
  /** Runs what the seed comes to, in bounded time. Rejects with a Violation where a rule is broken. */
  run(seed: number): Promise<Counts>;
  /** The end of what the proxy has written. */
  output(): Promise<string>;
  stop(): Promise<void>;
}

/** Counts by name. */
export class Tally {
  readonly counts: Record<string, number> = {};

  add(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}

/** Throws a Violation of the rule where it does not hold. */
export function demand(holds: boolean, rule: string, what: () => string): void {
  if (!holds) throw new Violation(rule, what());
}

/** Bytes as one line of text, cut where there are many. */
export function show(bytes: string, most = 2000): string {
  const text = JSON.stringify(bytes.slice(0, most));
  return bytes.length > most ? `${text} and ${bytes.length - most} more` : text;
}

export interface Talk {
  /** All that came, a character for each byte. */
  readonly text: string;
  readonly isClosed: boolean;
}

export interface TalkOptions {
  /** Called with all that came so far; once it is true the client leaves. */
  readonly isEnough: (text: string) => boolean;
  readonly seconds?: number;
}

/**
 * Sends the segments one after another on one connection, each as a packet of its own, and reads until there is enough, the
 * other side closes, or the time is over.
 */
export async function talk(
  url: string,
  segments: readonly string[],
  { isEnough, seconds = 10 }: TalkOptions,
): Promise<Talk> {
  const socket = await connectTo(url);
  socket.setNoDelay(true);
  let text = "";
  let isClosed = false;
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, seconds * 1000);
  socket.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
    if (isEnough(text)) over.resolve();
  });
  for (const event of ["end", "error", "close"])
    socket.on(event, () => {
      isClosed = true;
      over.resolve();
    });
  for (const segment of segments) {
    if (isClosed) break;
    socket.write(Buffer.from(segment, "latin1"));
    if (segments.length > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  if (!isClosed && !isEnough(text)) await over.promise;
  clearTimeout(timer);
  socket.destroy();
  return { text, isClosed };
}
