import { tooManyRequests } from "../api/status.ts";
import type { IncomingRequest } from "../http/request.ts";

/** How many requests may be with upstream at a time, watches and tunnels included (m: 35 to 40 KB each). */
export class Slots {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Takes one until the request is over. Throws a 429 StatusError where none is left. */
  take(request: IncomingRequest): void {
    if (this.#taken >= this.#max)
      throw tooManyRequests(`edge-proxy forwards at most ${this.#max} requests at a time`, 1);
    this.#taken++;
    request.onOver(() => this.#taken--);
  }
}
