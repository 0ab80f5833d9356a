import { type FieldPath, fieldTree, parseFieldPath } from "../api/field-path.ts";
import { parseGlob } from "../api/glob.ts";
import { everything, parseLabelSelector } from "../api/label-selector.ts";
import { identityPaths, type Trim } from "../codec/trim.ts";
import type { Hidden, Rule, RuleEffect, RuleMatch } from "../rules/rule.ts";
import { createPatternTest, parsePattern } from "./resources.ts";
import { mappingAt, parsedAt, RuleFault, textAt, textsAt, type YamlPath } from "./rule-fault.ts";

const ruleKeys = ["name", "match", "hide", "trim", "keep"] as const;
const matchKeys = ["resources", "namespaces", "userAgents", "labelSelector"] as const;
const hideKeys = ["namePrefix", "labelSelector"] as const;

/** One rule as it is written. Throws a RuleFault for the first thing that cannot be used. */
export function parseRule(path: YamlPath, value: unknown): Rule {
  const given = mappingAt(path, value, ruleKeys);
  const name = textAt([...path, "name"], given.name ?? missing(path, "name"));
  return {
    name,
    id: Bun.hash.xxHash64(JSON.stringify(value)).toString(36),
    match: parseMatch([...path, "match"], given.match ?? {}),
    effect: parseEffect(path, given),
    written: given,
  };
}

function missing(path: YamlPath, key: string): never {
  throw new RuleFault(path, `${key} is missing`);
}

function parseMatch(path: YamlPath, value: unknown): RuleMatch {
  const given = mappingAt(path, value, matchKeys);
  const texts = (key: (typeof matchKeys)[number]) =>
    given[key] === undefined ? undefined : textsAt([...path, key], given[key]);
  const namespaces = texts("namespaces");
  const selectorAt = [...path, "labelSelector"];
  return {
    isOfResource: parseResources([...path, "resources"], texts("resources") ?? ["*"]),
    namespaces: namespaces && new Set(namespaces),
    userAgents: texts("userAgents")?.map(parseGlob),
    labelSelector:
      given.labelSelector === undefined
        ? everything
        : parseSelector(selectorAt, given.labelSelector),
  };
}

function parseResources(path: YamlPath, texts: readonly string[]): RuleMatch["isOfResource"] {
  return createPatternTest(
    texts.map((text, place) => parsedAt([...path, place], () => parsePattern(text))),
  );
}

function parseSelector(path: YamlPath, value: unknown) {
  const text = textAt(path, value);
  return parsedAt(path, () => parseLabelSelector(text));
}

type Given = Readonly<Partial<Record<(typeof ruleKeys)[number], unknown>>>;

function parseEffect(path: YamlPath, given: Given): RuleEffect {
  const { hide, trim, keep } = given;
  const effects = [hide, trim, keep].filter((effect) => effect !== undefined);
  if (effects.length !== 1)
    throw new RuleFault(path, "it takes one of hide, trim and keep; write a rule for each");
  if (hide !== undefined) return { is: "hide", what: parseHide([...path, "hide"], hide) };
  return trim === undefined
    ? { is: "trim", trim: parseKeep([...path, "keep"], keep) }
    : { is: "trim", trim: parseTrim([...path, "trim"], trim) };
}

function parseHide(path: YamlPath, value: unknown): Hidden {
  const { namePrefix, labelSelector } = mappingAt(path, value, hideKeys);
  if ((namePrefix === undefined) === (labelSelector === undefined))
    throw new RuleFault(path, "it takes one of namePrefix and labelSelector");
  if (labelSelector === undefined)
    return { by: "namePrefix", prefix: textAt([...path, "namePrefix"], namePrefix) };
  const selector = parseSelector([...path, "labelSelector"], labelSelector);
  if (selector.isEmpty)
    throw new RuleFault([...path, "labelSelector"], "it selects all; name a label");
  return { by: "labelSelector", selector };
}

function parseTrim(path: YamlPath, value: unknown): Trim {
  const paths = parsePaths(path, value);
  for (const [place, each] of paths.entries()) {
    const [first, second] = each.map((step) => (step.is === "member" ? step.name : "*"));
    const isIdentity =
      second === undefined || second === "*" || identityPaths.includes(`metadata.${second}`);
    if (first === "metadata" && isIdentity)
      throw new RuleFault(
        [...path, place],
        `clients know objects by ${identityPaths.join(", ")}; leave out what lies beside them`,
      );
  }
  return { leaves: "all but these", fields: fieldTree(paths) };
}

function parseKeep(path: YamlPath, value: unknown): Trim {
  const fields = fieldTree(parsePaths(path, value));
  const metadata = fields.members.get("metadata");
  if (metadata?.isWhole !== true && metadata?.members.get("name")?.isWhole !== true)
    throw new RuleFault(path, "metadata.name must be among them: clients know objects by it");
  return { leaves: "only these", fields };
}

function parsePaths(path: YamlPath, value: unknown): readonly FieldPath[] {
  return textsAt(path, value).map((text, place) =>
    parsedAt([...path, place], () => parseFieldPath(text)),
  );
}
