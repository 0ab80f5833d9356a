import type { Scenario } from "./bench.ts";
import { abuse } from "./scenarios/abuse.ts";
import { calibration } from "./scenarios/calibration.ts";
import { cases } from "./scenarios/cases.ts";
import { coalesce } from "./scenarios/coalesce.ts";
import { coldStart } from "./scenarios/cold-start.ts";
import { flap } from "./scenarios/flap.ts";
import { getHit } from "./scenarios/get-hit.ts";
import { idle } from "./scenarios/idle.ts";
import { listHit } from "./scenarios/list-hit.ts";
import { memory } from "./scenarios/memory.ts";
import { outage } from "./scenarios/outage.ts";
import { passthrough } from "./scenarios/passthrough.ts";
import { persist } from "./scenarios/persist.ts";
import { resourceUsage } from "./scenarios/resourceusage.ts";
import { rules } from "./scenarios/rules.ts";
import { upstreamCost } from "./scenarios/upstream-cost.ts";
import { watchFanout } from "./scenarios/watch-fanout.ts";

/** All of them, in the order in which they run; what writes much is last, because it stays with the apiserver. */
export const scenarios: readonly Scenario[] = [
  calibration,
  listHit,
  rules,
  getHit,
  passthrough,
  watchFanout,
  upstreamCost,
  coalesce,
  resourceUsage,
  ...cases,
  idle,
  memory,
  coldStart,
  outage,
  flap,
  abuse,
  persist,
];
