/** What is known of the way to the kube-apiserver, what may happen to it, and what is then to be done (CONTRACT 18). */

/** A probe under way, each on a connection of its own. */
interface Probe {
  readonly id: number;
  readonly deadlineMs: number;
}

export interface Common {
  /** Those whose outcome still counts; any other is to be given up. */
  readonly probes: readonly Probe[];
  /** How many were ever sent: the next one's id. */
  readonly sent: number;
}

export interface Healthy extends Common {
  readonly phase: "Healthy";
  readonly heardMs: number;
}

/** Nothing is declared yet. */
export interface Doubtful extends Common {
  readonly phase: "Doubtful";
  /** The first sign of silence. */
  readonly sinceMs: number;
  readonly verdictMs: number;
  /** When the second probe is sent; undefined when it has been. */
  readonly secondMs: number | undefined;
  /** New connections that were refused, unresolved or without TLS; and failures of any kind. */
  readonly refused: number;
  readonly failed: number;
  readonly retries: number;
}

export interface Down extends Common {
  readonly phase: "Down";
  readonly sinceMs: number;
  readonly retryMs: number;
  readonly retries: number;
}

/** Up again, and not for long: the next outage goes on with the waits of the last one. */
export interface Recovering extends Common {
  readonly phase: "Recovering";
  readonly upMs: number;
  readonly heardMs: number;
  readonly retries: number;
}

export type HealthState = Healthy | Doubtful | Down | Recovering;

/** `refused`: surely a new connection, refused, unresolved or without TLS. `broken`: reset, perhaps one that was used before. */
export type FailureKind = "refused" | "broken";

/** Of a request, or of a probe. */
export interface Failure {
  readonly is: "failed";
  readonly how: FailureKind;
  readonly probe?: number;
}

export type HealthEvent =
  /** A request without a head, or a watch without a byte, for too long; since when. */
  | { readonly is: "quiet"; readonly sinceMs: number }
  | {
      readonly is: "answered";
      readonly status: number;
      readonly hasAuditId: boolean;
      readonly probe?: number;
    }
  /** A byte of a body. */
  | { readonly is: "heard" }
  | Failure
  | { readonly is: "handshaken"; readonly probe: number }
  /** Another server, or other credentials. */
  | { readonly is: "changed" }
  /** `dueMs` has come. */
  | { readonly is: "time" };

export type HealthEffect =
  | { readonly do: "probe"; readonly id: number }
  | { readonly do: "declare down"; readonly sinceMs: number }
  | { readonly do: "declare up"; readonly sinceMs: number };

export interface HealthStep {
  readonly state: HealthState;
  readonly effects: readonly HealthEffect[];
}

export function healthy(nowMs: number): Healthy {
  return { phase: "Healthy", heardMs: nowMs, probes: [], sent: 0 };
}

/** Only 502, 503 and 504 that no apiserver has marked are silence: a gateway before it says them. */
export function isLife({ status, hasAuditId }: HealthEvent & { readonly is: "answered" }): boolean {
  return hasAuditId || (status !== 502 && status !== 503 && status !== 504);
}

/** A probe that was given up tells nothing. */
export function counts({ probes }: Common, probe: number | undefined): boolean {
  return probe === undefined || probes.some(({ id }) => id === probe);
}

export function without<State extends Common>(state: State, probe: number | undefined): State {
  return { ...state, probes: state.probes.filter(({ id }) => id !== probe) };
}

export function extended<State extends Common>(
  state: State,
  probe: number,
  deadlineMs: number,
): State {
  const probes = state.probes.map((each) => (each.id === probe ? { ...each, deadlineMs } : each));
  return { ...state, probes };
}

export function probing(state: HealthState, deadlineMs: number): HealthStep {
  const { sent: id, probes } = state;
  return {
    state: { ...state, probes: [...probes, { id, deadlineMs }], sent: id + 1 },
    effects: [{ do: "probe", id }],
  };
}

export function still(state: HealthState): HealthStep {
  return { state, effects: [] };
}
