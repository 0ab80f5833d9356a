import { parseGlob } from "../api/glob.ts";
import { groupsOfSameObjects, sharesStore } from "../api/same-objects.ts";
import { ConfigError } from "./error.ts";
import { findKnown, findMeant, type KnownResource, knownResources } from "./known-resources.ts";
import { nearest } from "./nearest.ts";

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

/** A resource as it is written; what is not said is undefined. */
interface Spelled {
  readonly resource: string;
  readonly group: string | undefined;
  readonly version: string | undefined;
}

/** kubectl's own spelling (apimachinery, ParseResourceArg): `configmaps`, `deployments.apps`, `deployments.v1.apps`, `pods.v1.` */
function parseKubectl(text: string): Spelled | undefined {
  const { resource, rest } = kubectlForm.exec(text)?.groups ?? {};
  if (resource === undefined) return undefined;
  if (rest === undefined) return { resource, group: undefined, version: undefined };
  const [first = "", ...others] = rest.split(".");
  return isVersion.test(first)
    ? { resource, group: others.join("."), version: first }
    : { resource, group: rest, version: undefined };
}

const kubectlForm = /^(?<resource>[-a-z0-9*]+)(?:\.(?<rest>[-a-z0-9.*]+))?$/;

/** Throws where the name is not the plural that an apiserver knows; says which is. */
function requirePlural(text: string, { resource, group }: Spelled): void {
  if (findKnown(resource, group) !== undefined) return;
  const meant = findMeant(resource, group);
  if (meant === undefined) return;
  const right = withPlural(text, resource, meant.known);
  throw new ConfigError(`${JSON.stringify(text)} is ${meant.is}; write it as ${right}`);
}

function withPlural(text: string, name: string, known: KnownResource): string {
  if (text === name) return kubectlName(known);
  return text.includes("/")
    ? text.slice(0, -name.length) + known.resource
    : known.resource + text.slice(name.length);
}

function kubectlName({ resource, group }: KnownResource): string {
  return group === "" ? resource : `${resource}.${group}`;
}

/** What is right in place of a text that has capitals, as kinds have; undefined: nothing is near. */
function inSmallLetters(text: string): string | undefined {
  const small = text.toLowerCase();
  if (small === text) return undefined;
  const spelled = parseKubectl(small.replace(/^.*\//, ""));
  if (spelled === undefined) return undefined;
  const meant = findMeant(spelled.resource, spelled.group)?.known;
  return meant === undefined ? small : withPlural(small, spelled.resource, meant);
}

/**
 * `apps/v1/deployments`, or `v1/configmaps` in the core group; or as kubectl has it, `deployments.v1.apps`, and without the
 * version where the resource is one of Kubernetes' own: `deployments.apps`, `configmaps`, `deployments`.
 */
export function parsePreload(text: string): PreloadedResource {
  const quoted = JSON.stringify(text);
  const { group = "", version, resource } = preloadForm.exec(text)?.groups ?? {};
  if (version !== undefined && resource !== undefined) {
    requirePlural(text, { resource, group, version });
    return { group, version, resource };
  }
  const spelled = parseKubectl(text) ?? withoutVersion(text);
  if (spelled === undefined || text.includes("*")) {
    const right = inSmallLetters(text) ?? "configmaps, v1/configmaps or apps/v1/deployments";
    throw new ConfigError(`${quoted} is no resource; write it as ${right}`);
  }
  requirePlural(text, spelled);
  const known = findKnown(spelled.resource, spelled.group);
  if (spelled.version !== undefined)
    return { ...spelled, group: spelled.group ?? "", version: spelled.version };
  if (known !== undefined && !text.includes("/"))
    return { group: known.group, version: known.version, resource: known.resource };
  throw new ConfigError(`${quoted} names no version; write it as ${versioned(spelled, known)}`);
}

/** `apps/deployments`, which is a pattern. */
function withoutVersion(text: string): Spelled | undefined {
  const [, group, resource] = /^([a-z0-9][-a-z0-9.]*)\/([a-z0-9][-a-z0-9]*)$/.exec(text) ?? [];
  return resource === undefined ? undefined : { resource, group, version: undefined };
}

function versioned({ resource, group }: Spelled, known: KnownResource | undefined): string {
  if (known !== undefined) return `${known.group}/${known.version}/${known.resource}`;
  if (group !== undefined) return `${group}/VERSION/${resource}`;
  const near = nearest(
    resource,
    knownResources.map((each) => each.resource),
  );
  const perhaps = near === undefined ? "" : `, or is it ${near}?`;
  return `v1/${resource} or GROUP/VERSION/${resource}${perhaps}`;
}

/** Resources by group and name; `*` stands for any run of characters. */
export interface ResourcePattern {
  readonly group: string;
  readonly resource: string;
}

/**
 * `apps/deployments`, `apps/*`, `/pods` in the core group; `*` alone is all there is. Or as kubectl has it: `pods`,
 * `deployments`, `deployments.apps`, `deployments.v1.apps`, of which the version does not count.
 */
export function parsePattern(text: string): ResourcePattern {
  if (text === "*") return { group: "*", resource: "*" };
  const [, slashed, after] = /^([-a-z0-9.*]*)\/([-a-z0-9*]+)$/.exec(text) ?? [];
  const spelled =
    after === undefined
      ? parseKubectl(text)
      : { resource: after, group: slashed ?? "", version: undefined };
  if (spelled === undefined) {
    const { group: said, resource: named } = preloadForm.exec(text)?.groups ?? {};
    const right =
      said !== undefined && named !== undefined
        ? `${said}/${pluralIn(named, said)}`
        : (inSmallLetters(text) ?? "deployments.apps, apps/deployments, apps/* or /pods");
    throw new ConfigError(`${JSON.stringify(text)} is no pattern; write it as ${right}`);
  }
  const { resource, group } = spelled;
  // No API group is called like a version: it would match nothing, and keep or cache what was to be left out.
  if (group !== undefined && isVersion.test(group)) {
    const plural = pluralIn(resource, "");
    throw new ConfigError(
      `${JSON.stringify(text)}: ${group} is a version, and a pattern has none; write it as /${plural} (core resources have no group) or GROUP/${plural}`,
    );
  }
  requirePlural(text, spelled);
  if (group !== undefined) return { group, resource };
  const known = findKnown(resource, undefined);
  if (known === undefined) refuseMisspelled(resource);
  return { group: known?.group ?? "", resource };
}

/** The plural that an apiserver knows, where this names one in another way. */
function pluralIn(resource: string, group: string): string {
  return findMeant(resource, group)?.known.resource ?? resource;
}

/** A shorter name may be any, as in `--no-disk-resources=none`. */
const leastMisspelled = 5;

/** It would match nothing, and keep or cache what was to be left out. With a slash before it, it is taken as it is. */
function refuseMisspelled(resource: string): void {
  if (resource.length < leastMisspelled || resource.includes("*")) return;
  const plurals = knownResources.map((known) => known.resource);
  const near = nearest(resource, plurals, 2);
  if (near === undefined) return;
  throw new ConfigError(
    `${JSON.stringify(resource)} is no resource of Kubernetes; write it as ${near}, or with its group as GROUP/${resource}`,
  );
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
