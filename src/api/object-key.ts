declare const brand: unique symbol;

/**
 * `namespace/name`, or `name` alone for what lives in no namespace (client-go, MetaNamespaceKeyFunc).
 * Lists are in the byte order of this whole string, as etcd's keys are: `a-b/x` comes before `a/x`.
 */
export type ObjectKey = string & { readonly [brand]: "ObjectKey" };

/** The key of an object; an empty namespace is a cluster-scoped object's. */
export function objectKey(namespace: string, name: string): ObjectKey {
  return (namespace === "" ? name : `${namespace}/${name}`) as ObjectKey;
}

/**
 * Compares by byte order of UTF-8. Kubernetes names are ASCII, so UTF-16 order (JavaScript's `<`) is the same order.
 * Negative, zero or positive, as sort functions want it.
 */
export function compareObjectKey(a: ObjectKey, b: ObjectKey): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
