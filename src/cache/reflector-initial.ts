import { parseResourceVersion } from "../api/resource-version.ts";
import type { WireEvent } from "../codec/codec.ts";
import type { Filling } from "./filling.ts";
import { WatchError } from "./reflector-errors.ts";
import type { FullState } from "./watch-cache.ts";

/**
 * Takes an event of a WatchList that has not told its whole state yet (KEP-3157); gives that state with the bookmark that
 * ends it. Throws a WatchError for an ERROR event.
 */
export function takeInitial(filling: Filling, event: WireEvent): FullState | undefined {
  switch (event.type) {
    // Seldom (not once in 60 fills under writes on 1.33 and 1.37), but allowed: client-go takes changes before the bookmark
    // as well (reflector.go, handleAnyWatch).
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      filling.change(event.type, event.bytes);
      return undefined;
    case "ERROR":
      throw new WatchError(event.code, event.message);
    case "BOOKMARK": {
      if (!event.initialEventsEnd) return undefined;
      const resourceVersion = parseResourceVersion(event.resourceVersion);
      return { store: filling.store(), resourceVersion, form: event.form };
    }
  }
}
