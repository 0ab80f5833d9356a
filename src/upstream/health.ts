import {
  counts,
  type Doubtful,
  type Down,
  extended,
  type Failure,
  type HealthEvent,
  type HealthState,
  type HealthStep,
  type Healthy,
  isLife,
  probing,
  type Recovering,
  still,
  without,
} from "./health-state.ts";
import { type HealthTiming, retryWait } from "./health-timing.ts";

/** Whether the kube-apiserver is reachable (CONTRACT 18). Pure: times come in, in milliseconds, and what to do goes out. */

/** The state after an event, and what is to be done. */
export function step(
  state: HealthState,
  event: HealthEvent,
  nowMs: number,
  timing: HealthTiming,
): HealthStep {
  switch (state.phase) {
    case "Healthy":
    case "Recovering":
      return stepUp(state, event, nowMs, timing);
    case "Doubtful":
      return stepDoubt(state, event, nowMs, timing);
    case "Down":
      return stepDown(state, event, nowMs, timing);
  }
}

/** When `time` is to be told next. */
export function dueMs(state: HealthState, timing: HealthTiming): number {
  switch (state.phase) {
    case "Healthy":
    case "Recovering":
      return state.probes[0]?.deadlineMs ?? state.heardMs + timing.intervalMs;
    case "Doubtful":
      return Math.min(state.secondMs ?? Infinity, verdictAt(state));
    case "Down":
      return state.retryMs;
  }
}

function stepUp(
  state: Healthy | Recovering,
  event: HealthEvent,
  nowMs: number,
  timing: HealthTiming,
): HealthStep {
  switch (event.is) {
    case "quiet":
      return doubt(state, event.sinceMs, undefined, nowMs, timing);
    case "answered":
      if (!isLife(event))
        return doubt(without(state, event.probe), nowMs, undefined, nowMs, timing);
      return still(heard(state, nowMs, timing));
    case "heard":
      return still(heard(state, nowMs, timing));
    case "failed":
      if (!counts(state, event.probe)) return still(state);
      return doubt(without(state, event.probe), nowMs, event, nowMs, timing);
    case "handshaken":
      return still(extended(state, event.probe, nowMs + timing.handshakenMs));
    case "changed":
      return still(state);
    case "time": {
      const [probe] = state.probes;
      if (probe !== undefined && nowMs >= probe.deadlineMs)
        return doubt(state, probe.deadlineMs - timing.patienceMs, undefined, nowMs, timing);
      const isDue = probe === undefined && nowMs >= state.heardMs + timing.intervalMs;
      return isDue ? probing(state, nowMs + timing.patienceMs) : still(state);
    }
  }
}

function stepDoubt(
  state: Doubtful,
  event: HealthEvent,
  nowMs: number,
  timing: HealthTiming,
): HealthStep {
  switch (event.is) {
    case "heard":
      return still(trusted(state, nowMs));
    case "answered":
      return still(isLife(event) ? trusted(state, nowMs) : without(state, event.probe));
    case "failed": {
      if (!counts(state, event.probe)) return still(state);
      const failed = failing(without(state, event.probe), event);
      if (isDead(failed)) return down(failed, nowMs, timing);
      if (failed.probes.length > 0) return still(failed);
      return probing({ ...failed, secondMs: undefined }, failed.verdictMs);
    }
    case "handshaken":
      return still(extended(state, event.probe, nowMs + timing.handshakenMs));
    case "quiet":
    case "changed":
      return still(state);
    case "time":
      if (nowMs >= verdictAt(state)) return down(state, nowMs, timing);
      if (state.secondMs === undefined || nowMs < state.secondMs) return still(state);
      return probing({ ...state, secondMs: undefined }, state.verdictMs);
  }
}

function stepDown(
  state: Down,
  event: HealthEvent,
  nowMs: number,
  timing: HealthTiming,
): HealthStep {
  switch (event.is) {
    case "answered":
      if (!isLife(event)) return still(without(state, event.probe));
      return {
        state: recovering(state, nowMs),
        effects: [{ do: "declare up", sinceMs: state.sinceMs }],
      };
    case "failed":
      return still(without(state, event.probe));
    case "handshaken":
      return still(extended(state, event.probe, nowMs + timing.handshakenMs));
    case "quiet":
    case "heard":
      return still(state);
    case "changed":
      return retry(state, nowMs, timing);
    case "time":
      return nowMs >= state.retryMs ? retry(state, nowMs, timing) : still(state);
  }
}

function doubt(
  state: Healthy | Recovering,
  sinceMs: number,
  failure: Failure | undefined,
  nowMs: number,
  timing: HealthTiming,
): HealthStep {
  const verdictMs = nowMs + timing.verdictMs;
  const doubtful: Doubtful = {
    phase: "Doubtful",
    sinceMs,
    verdictMs,
    secondMs: nowMs + timing.secondProbeMs,
    refused: 0,
    failed: 0,
    retries: state.phase === "Recovering" ? state.retries : 0,
    probes: state.probes,
    sent: state.sent,
  };
  return probing(failure === undefined ? doubtful : failing(doubtful, failure), verdictMs);
}

/** What broke a request may have been used for long, and be one of many that were reset at once: only a probe counts. */
function failing(state: Doubtful, { how, probe }: Failure): Doubtful {
  if (how === "broken" && probe === undefined) return state;
  const refused = how === "refused" ? state.refused + 1 : state.refused;
  return { ...state, refused, failed: state.failed + 1 };
}

/** A reset alone may be that of one connection: it takes one more. */
function isDead({ refused, failed }: Doubtful): boolean {
  return refused >= 2 || failed >= 3;
}

function verdictAt({ verdictMs, probes }: Doubtful): number {
  return Math.max(verdictMs, ...probes.map(({ deadlineMs }) => deadlineMs));
}

function trusted(state: Doubtful, nowMs: number): Healthy | Recovering {
  if (state.retries > 0) return recovering(state, nowMs);
  return { phase: "Healthy", heardMs: nowMs, probes: [], sent: state.sent };
}

function recovering({ sent, retries }: Doubtful | Down, nowMs: number): Recovering {
  return { phase: "Recovering", upMs: nowMs, heardMs: nowMs, probes: [], sent, retries };
}

function heard(
  state: Healthy | Recovering,
  nowMs: number,
  { intervalMs }: HealthTiming,
): Healthy | Recovering {
  const isProven = state.phase === "Healthy" || nowMs - state.upMs >= intervalMs;
  if (isProven) return { phase: "Healthy", heardMs: nowMs, probes: [], sent: state.sent };
  return { ...state, heardMs: nowMs, probes: [] };
}

function down(state: Doubtful, nowMs: number, timing: HealthTiming): HealthStep {
  const { sinceMs, sent, retries } = state;
  const retryMs = nowMs + retryWait(retries, timing);
  return {
    state: { phase: "Down", sinceMs, probes: [], sent, retryMs, retries },
    effects: [{ do: "declare down", sinceMs }],
  };
}

/** A probe lives on beside the next one while its time is not over. */
function retry(state: Down, nowMs: number, timing: HealthTiming): HealthStep {
  const retries = state.retries + 1;
  const probes = state.probes.filter(({ deadlineMs }) => nowMs < deadlineMs);
  const retryMs = nowMs + retryWait(retries, timing);
  return probing({ ...state, probes, retries, retryMs }, nowMs + timing.verdictMs);
}
