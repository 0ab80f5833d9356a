// What a text on the disk has to be, whatever its checksum says: that tells of damage, and everybody can compute it.
import { isResourceVersion, type ResourceVersion } from "../api/resource-version.ts";

/** A row is read only where it is no larger: an object of this size is larger than an apiserver takes (3 MiB), many times over. */
export const maxRowBytes = 32 << 20;
/** No store within --disk-limit comes near: of a table with more rows none is read. */
export const maxRows = 250_000;

/** The value of a JSON text of this shape; undefined where it is none, or of another. */
export function parseStored<T>(text: unknown, isShape: Shape<T>): T | undefined {
  try {
    const value: unknown = typeof text === "string" ? JSON.parse(text) : undefined;
    return isShape(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a value is such. */
export type Shape<T> = (value: unknown) => value is T;

export const isText: Shape<string> = (value) => typeof value === "string";

/** A length, a number of things, or a time. */
export const isCount: Shape<number> = (value): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** A sum that may be below zero. */
export const isSum: Shape<number> = (value): value is number => Number.isSafeInteger(value);

export const isVersion: Shape<ResourceVersion> = (value): value is ResourceVersion =>
  isText(value) && isResourceVersion(value);

export function isListOf<T>(isPart: Shape<T>): Shape<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every(isPart);
}

/** A record of which every member is such, whatever it is called. */
export function isRecordOf<T>(isPart: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value): value is Readonly<Record<string, T>> =>
    isObject(value) && Object.values(value).every(isPart);
}

/** An object with these members; a member that may be missing says so. */
export function isShapeOf<T extends object>(members: {
  readonly [Name in keyof T]-?: Shape<T[Name]>;
}): Shape<T> {
  return (value): value is T =>
    isObject(value) &&
    Object.entries<Shape<unknown>>(members).every(([name, isMember]) => isMember(value[name]));
}

export function isOneOf<T extends string>(...texts: readonly T[]): Shape<T> {
  return (value): value is T => texts.some((text) => text === value);
}

export function orMissing<T>(isPart: Shape<T>): Shape<T | undefined> {
  return (value): value is T | undefined => value === undefined || isPart(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
