import type { Rule } from "../rules/rule.ts";
import { ConfigError } from "./error.ts";
import { RuleFault, type YamlPath } from "./rule-fault.ts";
import { parseRule } from "./rule-parts.ts";
import { lineOf } from "./yaml-lines.ts";

/**
 * Reads the section `rules` of a config file, whose whole text is given to tell lines. Throws a ConfigError with file, line,
 * rule and what would be right.
 */
export function parseRules(file: string, text: string, value: unknown): readonly Rule[] {
  try {
    return ruleList(value);
  } catch (error) {
    if (!(error instanceof RuleFault)) throw error;
    const line = lineOf(text, ["rules", ...error.path]);
    const place = line === undefined ? file : `${file}:${line}`;
    throw new ConfigError(`${place}: ${ruleAt(value, error.path)}${error.message}`, error);
  }
}

function ruleList(value: unknown): readonly Rule[] {
  if (!Array.isArray(value))
    throw new RuleFault([], `rules: it is a list; write each rule as "- name: …"`);
  const rules = value.map((each: unknown, place) => parseRule([place], each));
  const names = new Set<string>();
  for (const [place, { name }] of rules.entries()) {
    if (names.has(name)) throw new RuleFault([place, "name"], "another rule has this name");
    names.add(name);
  }
  return rules;
}

/** The rule by its name where it has one, and the key that is meant. */
function ruleAt(value: unknown, [place, ...keys]: YamlPath): string {
  if (typeof place !== "number" || !Array.isArray(value)) return "";
  const rule: unknown = value[place];
  const name =
    typeof rule === "object" && rule !== null && "name" in rule && typeof rule.name === "string"
      ? JSON.stringify(rule.name)
      : `number ${place + 1}`;
  const key = keys.filter((each) => typeof each === "string").join(".");
  return `rule ${name}: ${key === "" ? "" : `${key}: `}`;
}
