/** Where values lie on an axis, and which of them are named. */
export interface Scale {
  /** 0 at the low end, 1 at the high one; what lies beyond is put at the end. */
  place(value: number): number;
  readonly ticks: readonly number[];
}

/** From 0 to `highest`, or on to the next round value; `highest` is above 0. */
export function linearScale(highest: number, end: "exact" | "round"): Scale {
  const step = roundUp(highest / 5);
  const steps = highest / step;
  const length = end === "round" ? Math.ceil(steps - 1e-9) : steps;
  return {
    place: (value) => clamp(value / (length * step)),
    ticks: Array.from({ length: Math.floor(length + 1e-9) + 1 }, (_, at) => trim(at * step)),
  };
}

/** From a power of ten to another around these values, which are above 0. */
export function logScale(lowest: number, highest: number): Scale {
  const from = Math.floor(Math.log10(lowest));
  const to = Math.max(from + 1, Math.ceil(Math.log10(highest)));
  return {
    place: (value) => clamp((Math.log10(Math.max(value, Number.MIN_VALUE)) - from) / (to - from)),
    ticks: Array.from({ length: to - from + 1 }, (_, at) => trim(10 ** (from + at))),
  };
}

/** The next of 1, 2, 5, 10, 20, … */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((each) => value <= each * power * (1 + 1e-9)) ?? 10;
  return factor * power;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

/** Without what binary fractions add: 0.3 and not 0.30000000000000004. */
function trim(value: number): number {
  return Number(value.toPrecision(12));
}
