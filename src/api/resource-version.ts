declare const brand: unique symbol;

/** A resourceVersion as upstream wrote it. Only compared within one group and resource (KEP-5504). */
export type ResourceVersion = string & { readonly [brand]: "ResourceVersion" };

const decimal = /^[1-9][0-9]{0,18}$/;

/** Whether the text is a resourceVersion that can be compared: a decimal number above 0, without sign or leading zero (KEP-5504). */
export function isResourceVersion(text: string): text is ResourceVersion {
  return decimal.test(text);
}

/** The text as a ResourceVersion; throws a RangeError where it is none that can be compared. */
export function parseResourceVersion(text: string): ResourceVersion {
  if (isResourceVersion(text)) return text;
  throw new RangeError(`resourceVersion ${JSON.stringify(text)} is not a decimal number above 0`);
}

/** Negative when `a` is older than `b`, zero when equal, positive when newer. Both of one group and resource. */
export function compareResourceVersion(a: ResourceVersion, b: ResourceVersion): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The newer of two; of two absent ones, absent. */
export function newerResourceVersion<
  A extends ResourceVersion | undefined,
  B extends ResourceVersion | undefined,
>(a: A, b: B): A | B {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return compareResourceVersion(a, b) >= 0 ? a : b;
}

/** The older of two. */
export function olderResourceVersion(a: ResourceVersion, b: ResourceVersion): ResourceVersion {
  return compareResourceVersion(a, b) <= 0 ? a : b;
}
