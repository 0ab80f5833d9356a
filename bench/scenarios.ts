import type { Scenario } from "./bench.ts";
import { listHit } from "./scenarios/list-hit.ts";

/** All of them, in the order in which they run. */
export const scenarios: readonly Scenario[] = [listHit];
