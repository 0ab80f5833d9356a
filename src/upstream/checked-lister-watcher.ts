import type { Apiserver } from "./apiserver.ts";
import { UpstreamListerWatcher } from "./lister-watcher.ts";

/**
 * Lists and watches, of which those that go on from a resourceVersion wait for `checked`: in another cluster that number is of
 * another history, and its events must not be told to who knows ours (CONTRACT 17).
 */
export class CheckedListerWatcher extends UpstreamListerWatcher {
  readonly #checked: () => Promise<unknown>;

  constructor(apiserver: Apiserver, checked: () => Promise<unknown>) {
    super(apiserver);
    this.#checked = checked;
  }

  override async watch(
    ...asked: Parameters<UpstreamListerWatcher["watch"]>
  ): ReturnType<UpstreamListerWatcher["watch"]> {
    const [, start, , signal] = asked;
    if (start.from === "resourceVersion") {
      await this.#checked();
      signal.throwIfAborted();
    }
    return await super.watch(...asked);
  }
}
