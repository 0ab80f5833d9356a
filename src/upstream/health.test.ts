import { describe, expect, test } from "bun:test";

import type { HealthEvent, HealthState } from "./health-state.ts";
import { healthy } from "./health-state.ts";
import { healthTiming } from "./health-timing.ts";
import { dueMs, step } from "./health.ts";

type Timed = readonly [atMs: number, event: HealthEvent];
/** What becomes of a probe, by its number and when it was sent: events, so long after. */
type World = (probe: number, sentMs: number) => readonly Timed[];

const timing = { ...healthTiming(10_000), random: () => 0 };
const quiet = (sinceMs: number): HealthEvent => ({ is: "quiet", sinceMs });
const answered = (status = 200, hasAuditId = true): HealthEvent => ({
  is: "answered",
  status,
  hasAuditId,
});
const refused: HealthEvent = { is: "failed", how: "refused" };
const broken: HealthEvent = { is: "failed", how: "broken" };
const heard: HealthEvent = { is: "heard" };

const blackHole: World = () => [];
const answers =
  (afterMs: number, status = 200, hasAuditId = true): World =>
  (probe) => [[afterMs, { ...answered(status, hasAuditId), probe } as HealthEvent]];
const refuses =
  (how: "refused" | "broken" = "refused", afterMs = 1): World =>
  (probe) => [[afterMs, { is: "failed", how, probe }]];
const until =
  (ms: number, before: World, after: World): World =>
  (probe, sentMs) =>
    (sentMs < ms ? before : after)(probe, sentMs);
const handshakes =
  (afterMs: number, then: World): World =>
  (probe, sentMs) => [[afterMs, { is: "handshaken", probe }], ...then(probe, sentMs)];

/** Plays events, probes and the clock against the machine; gives what it did, with times. */
function play(events: readonly Timed[], world: World, endMs: number): readonly string[] {
  const log: string[] = [];
  let state: HealthState = healthy(0);
  let pending = events.map(([atMs, event]) => ({ atMs, event }));
  for (;;) {
    const [next] = pending.toSorted((a, b) => a.atMs - b.atMs);
    const due = dueMs(state, timing);
    const nowMs = Math.min(next?.atMs ?? Infinity, due);
    if (nowMs > endMs) return log;
    const event = next !== undefined && next.atMs <= due ? next.event : { is: "time" as const };
    if (next?.event === event) pending = pending.filter((each) => each !== next);
    const stepped = step(state, event, nowMs, timing);
    state = stepped.state;
    for (const effect of stepped.effects) {
      const name = effect.do === "probe" ? "probe" : effect.do.replace("declare ", "");
      log.push(`${name}@${nowMs}`);
      if (effect.do !== "probe") continue;
      for (const [after, what] of world(effect.id, nowMs))
        pending.push({ atMs: nowMs + after, event: what });
    }
  }
}

describe("step", () => {
  test.each<[string, readonly Timed[], World, number, readonly string[]]>([
    // what, events, probes, until, what is done
    [
      "a black hole is known 3.4 s after the first waiting request",
      [[1000, quiet(0)]],
      blackHole,
      3500,
      ["probe@1000", "probe@1700", "down@3400"],
    ],
    [
      "further waiting requests change nothing",
      [1000, 1001, 2500].map((at) => [at, quiet(at - 1000)] as const),
      blackHole,
      3500,
      ["probe@1000", "probe@1700", "down@3400"],
    ],
    [
      "a refused connection is known at the second",
      [[5, refused]],
      refuses(),
      100,
      ["probe@5", "down@6"],
    ],
    [
      "two requests that are refused are enough",
      [
        [5, refused],
        [6, refused],
      ],
      blackHole,
      100,
      ["probe@5", "down@6"],
    ],
    [
      "resets of probes are known at the third",
      [[5, broken]],
      refuses("broken"),
      100,
      ["probe@5", "probe@6", "probe@7", "down@8"],
    ],
    [
      "requests that are reset, however many, only ask for a probe",
      [5, 6, 7, 8].map((at) => [at, broken] as const),
      answers(50),
      100,
      ["probe@5"],
    ],
    [
      "a request that was reset and a probe that was refused are not two",
      [[5, broken]],
      until(6, refuses(), answers(2)),
      100,
      ["probe@5", "probe@6"],
    ],
    [
      "one refused probe in a black hole waits for the other",
      [[1000, quiet(0)]],
      until(1500, blackHole, refuses()),
      3500,
      ["probe@1000", "probe@1700", "down@3400"],
    ],
    [
      "a slow answer is no outage while probes are answered",
      [
        [1000, quiet(0)],
        [4000, quiet(0)],
      ],
      answers(4),
      9000,
      ["probe@1000", "probe@4000"],
    ],
    [
      "a livez of 500 is life",
      [[1000, quiet(0)]],
      answers(2000, 500),
      9000,
      ["probe@1000", "probe@1700"],
    ],
    ["a 401 is life", [[1000, quiet(0)]], answers(5, 401), 9000, ["probe@1000"]],
    [
      "a 503 of the apiserver itself is life",
      [[1000, quiet(0)]],
      answers(5, 503),
      9000,
      ["probe@1000"],
    ],
    [
      "a round trip of 800 ms is life",
      [[1000, quiet(0)]],
      answers(2399),
      9000,
      ["probe@1000", "probe@1700"],
    ],
    [
      "an answer to another request is life",
      [
        [1000, quiet(0)],
        [3300, answered()],
      ],
      blackHole,
      9000,
      ["probe@1000", "probe@1700"],
    ],
    [
      "a byte of a watch is life",
      [
        [1000, quiet(0)],
        [3300, heard],
      ],
      blackHole,
      9000,
      ["probe@1000", "probe@1700"],
    ],
    [
      "502, 503 and 504 without Audit-Id are silence",
      [[10, answered(503, false)]],
      (probe, at) => answers(5, 502 + (probe % 3), false)(probe, at),
      3000,
      ["probe@10", "probe@710", "down@2410"],
    ],
    [
      "a gateway's error alone is none",
      [[10, answered(502, false)]],
      answers(5),
      9000,
      ["probe@10"],
    ],
    [
      "a probe with TLS has 5 s more",
      [[1000, quiet(0)]],
      handshakes(2300, blackHole),
      9500,
      ["probe@1000", "probe@1700", "down@9000"],
    ],
    [
      "a probe with TLS that is answered late is life",
      [[1000, quiet(0)]],
      handshakes(2300, answers(6000)),
      9000,
      ["probe@1000", "probe@1700"],
    ],
    [
      "a probe is sent when nothing was heard for the interval",
      [
        [4000, answered()],
        [9000, heard],
      ],
      answers(3),
      30_000,
      ["probe@19000", "probe@29003"],
    ],
    [
      "an idle link that is dead is known by its probe",
      [],
      blackHole,
      14_000,
      ["probe@10000", "probe@11000", "probe@11700", "down@13400"],
    ],
    [
      "while down probes come at growing intervals, and the first answer ends it",
      [[5, refused]],
      until(20_000, refuses(), answers(2)),
      22_000,
      ["probe@5", "down@6", 1006, 2506, 4756, 8131, 13_131, 18_131].map((each) =>
        typeof each === "number" ? `probe@${each}` : each,
      ),
    ],
    [
      "an answer while down is up",
      [
        [5, refused],
        [900, answered(403)],
      ],
      refuses(),
      950,
      ["probe@5", "down@6", "up@900"],
    ],
    [
      "a gateway's error while down is not",
      [
        [5, refused],
        [900, answered(504, false)],
      ],
      refuses(),
      950,
      ["probe@5", "down@6"],
    ],
    [
      "another server is asked at once",
      [
        [5, refused],
        [100, { is: "changed" }],
      ],
      until(50, refuses(), answers(2)),
      950,
      ["probe@5", "down@6", "probe@100", "up@102"],
    ],
  ])("%s", (_, events, world, endMs, done) => {
    expect(play(events, world, endMs)).toEqual(done);
  });

  test("who went down again soon goes on with longer waits", () => {
    const events: Timed[] = [
      [0, refused],
      [2600, answered()],
      [3000, refused],
    ];
    const log = play(events, refuses(), 6000);
    expect(log).toEqual([
      "probe@0",
      "down@1",
      "probe@1001",
      "probe@2501",
      "up@2600",
      "probe@3000",
      "down@3001",
      "probe@5251",
    ]);
  });

  test("who stayed up for the interval begins with the first wait again", () => {
    const events: Timed[] = [
      [0, refused],
      [1500, answered()],
      [11_500, answered()],
      [12_000, refused],
    ];
    expect(play(events, refuses(), 13_500)).toEqual([
      "probe@0",
      "down@1",
      "probe@1001",
      "up@1500",
      "probe@12000",
      "down@12001",
      "probe@13001",
    ]);
  });

  test("since when it is down is the first sign of silence", () => {
    const doubtful = step(healthy(0), quiet(250), 1250, timing).state;
    const { effects } = step(doubtful, { is: "time" }, 4000, timing);
    expect(effects).toEqual([{ do: "declare down", sinceMs: 250 }]);
  });

  test("the outcome of a probe that was given up is nothing", () => {
    const doubtful = step(healthy(0), quiet(0), 1000, timing).state;
    const { state } = step(doubtful, answered(), 1100, timing);
    const after = step(state, { is: "failed", how: "refused", probe: 0 }, 1200, timing);
    expect([after.state.phase, after.effects]).toEqual(["Healthy", []]);
  });
});
