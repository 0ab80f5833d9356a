import { parseGlob } from "../api/glob.ts";
import { groupsOfSameObjects, sharesStore } from "../api/same-objects.ts";
import { ConfigError } from "./error.ts";

/** A resource of one API version; the core group is the empty string. Fits api/group-version-resource.ts by shape. */
export interface PreloadedResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

const groupForm = "[a-z0-9]([-a-z0-9.]*[a-z0-9])?";
const versionForm = "v\\d+(?:(?:alpha|beta)\\d+)?";
const isVersion = new RegExp(`^${versionForm}$`);
const preloadForm = new RegExp(
  `^(?:(?<group>${groupForm})/)?(?<version>${versionForm})/(?<resource>[a-z0-9][-a-z0-9]*)$`,
);

/** `apps/v1/deployments`, or `v1/configmaps` in the core group. */
export function parsePreload(text: string): PreloadedResource {
  const { group = "", version, resource } = preloadForm.exec(text)?.groups ?? {};
  if (version === undefined || resource === undefined) {
    throw new ConfigError(
      `${JSON.stringify(text)} is no resource; write it as v1/configmaps or apps/v1/deployments`,
    );
  }
  return { group, version, resource };
}

/** Resources by group and name; `*` stands for any run of characters. */
export interface ResourcePattern {
  readonly group: string;
  readonly resource: string;
}

/** `apps/deployments`, `apps/*`, `/pods` or `pods` in the core group; `*` alone is all there is. */
export function parsePattern(text: string): ResourcePattern {
  if (text === "*") return { group: "*", resource: "*" };
  const [, group = "", resource] = /^(?:([-a-z0-9.*]*)\/)?([-a-z0-9*]+)$/.exec(text) ?? [];
  if (resource === undefined) {
    throw new ConfigError(
      `${JSON.stringify(text)} is no pattern; write it as apps/deployments, apps/* or /pods`,
    );
  }
  // No API group is called like a version: it would match nothing, and keep or cache what was to be left out.
  if (isVersion.test(group))
    throw new ConfigError(
      `${JSON.stringify(text)}: ${group} is a version, and a pattern has none; write it as /${resource} (core resources have no group) or GROUP/${resource}`,
    );
  return { group, resource };
}

/** A pattern in the form it is given in. */
export function formatPattern({ group, resource }: ResourcePattern): string {
  return `${group}/${resource}`;
}

/** What changes too often to be worth keeping: cached only where it is named without `*`. */
const onlyByName: readonly ResourcePattern[] = [
  { group: "", resource: "events" },
  { group: "events.k8s.io", resource: "events" },
  { group: "coordination.k8s.io", resource: "leases" },
];

/** What is computed for each request and cannot be watched. */
const virtual: readonly ResourcePattern[] = [
  { group: "authentication.k8s.io", resource: "*" },
  { group: "authorization.k8s.io", resource: "*" },
  { group: "metrics.k8s.io", resource: "*" },
  { group: "custom.metrics.k8s.io", resource: "*" },
  { group: "external.metrics.k8s.io", resource: "*" },
  { group: "", resource: "bindings" },
  { group: "", resource: "componentstatuses" },
];

/** Whether a resource may be cached, by the patterns of `--cache-resources` and `--no-cache-resources`. */
export function createCacheableTest(
  allowed: readonly ResourcePattern[],
  refused: readonly ResourcePattern[],
): (group: string, resource: string) => boolean {
  const isNamed = (group: string, resource: string) =>
    allowed.some((pattern) => sharesStore(pattern, { group, resource }));
  const isRefused = createPatternTest([...virtual, ...refused]);
  const isAllowed = createPatternTest(allowed);
  const isOnlyByName = createPatternTest(onlyByName);
  return (group, resource) =>
    !isRefused(group, resource) &&
    isAllowed(group, resource) &&
    (!isOnlyByName(group, resource) || isNamed(group, resource));
}

/** Whether a resource is among those that the patterns name, by any of the groups that serve its objects (CONTRACT 34). */
export function createPatternTest(
  patterns: readonly ResourcePattern[],
): (group: string, resource: string) => boolean {
  const forms = patterns.map(({ group, resource }) => [parseGlob(group), parseGlob(resource)]);
  const isNamed = (group: string, resource: string) =>
    forms.some(([isOfGroup, isResource]) => isOfGroup?.(group) && isResource?.(resource));
  return (group, resource) =>
    groupsOfSameObjects({ group, resource }).some((each) => isNamed(each, resource));
}
