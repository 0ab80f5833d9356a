/** A resource by its group and name, whatever its version. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

/** The groups that serve the same objects under one resource name: what is true of one of them is true of all. */
const groupsOf: ReadonlyMap<string, readonly string[]> = new Map([
  ["events", ["", "events.k8s.io"]],
  // `extensions` of apiservers before 1.22 (kubernetes/kubernetes, api/extensions).
  ["deployments", ["apps", "extensions"]],
  ["daemonsets", ["apps", "extensions"]],
  ["replicasets", ["apps", "extensions"]],
  ["ingresses", ["networking.k8s.io", "extensions"]],
  ["networkpolicies", ["networking.k8s.io", "extensions"]],
  ["podsecuritypolicies", ["policy", "extensions"]],
]);

/** All groups that serve the objects of a resource of this group, itself included. */
export function groupsOfSameObjects({ group, resource }: GroupResource): readonly string[] {
  const groups = groupsOf.get(resource);
  return groups?.includes(group) === true ? groups : [group];
}

/** Whether both name the same objects: core `events` and those of `events.k8s.io` are one (CONTRACT 2, 34), no other group's are. */
export function sharesStore(one: GroupResource, other: GroupResource): boolean {
  return one.resource === other.resource && groupsOfSameObjects(one).includes(other.group);
}
