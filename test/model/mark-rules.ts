import { type Moment, type Session, Violation } from "./session.ts";

/** What an answer says of where it comes from. */
export interface Marked {
  readonly source: string;
  readonly age: string | null;
}

/** What upstream has not given now says so, with its age, and only when upstream did not answer. */
export function checkMark(
  session: Session,
  begun: Moment,
  what: string,
  { source, age }: Marked,
  needs: "any state, or one of its own" | "a past state" | "a state of now",
): void {
  if (!isLastKnown(source)) {
    if (age !== null) throw new Violation("DESIGN 1", `${what} has an Age`);
    return;
  }
  if (age === null || !/^\d+$/.test(age))
    throw new Violation("DESIGN 1", `${what} has no Age, but ${age}`);
  if (needs === "a past state" && source === "stale")
    throw new Violation("CONTRACT 6", `${what}, but a past state does not grow old`);
  // A state that is not confirmed yet serves who names one, or asks for any.
  if (needs === "a state of now" && !session.wasOut(begun))
    throw new Violation("CONTRACT 6", `${what}, but upstream answers`);
}

/** Whether it is what was known last. */
export function isLastKnown(source: string): boolean {
  return source === "stale" || source === "replay";
}
