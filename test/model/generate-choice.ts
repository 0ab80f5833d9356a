import {
  type Choice,
  type FieldTerm,
  type LabelTerm,
  names,
  namespaces,
  type Resource,
  resources,
} from "./moves.ts";
import type { Random } from "./random.ts";

/** What is looked at: objects of a resource. */
export interface Choices {
  readonly resource: Resource;
  readonly choice: Choice;
}

export function choice(random: Random): Choices {
  const resource = random.pick(resources);
  const namespace = random.chance(0.55) ? random.pick(namespaces) : "";
  const label = random.chance(0.35) ? labelTerm(random) : undefined;
  const field = random.chance(0.2) ? fieldTerm(random, resource) : undefined;
  return { resource, choice: { namespace, label, field, reader: "model" } };
}

function labelTerm(random: Random): LabelTerm {
  const operator = random.pick(["=", "!=", "in", "notin", "exists", "absent"] as const);
  const values = operator === "in" || operator === "notin" ? ["x", "y"] : [random.pick(labels)];
  return { key: "l", operator, values };
}

export const labels = ["x", "y", "z"] as const;

function fieldTerm(random: Random, resource: Resource): FieldTerm {
  const operator = random.pick(["=", "!="] as const);
  const path =
    resource === "pods"
      ? random.pick(["metadata.name", "spec.nodeName", "status.phase"] as const)
      : "metadata.name";
  const values = { "metadata.name": names, "spec.nodeName": nodes, "status.phase": phases }[path];
  return { path, operator, value: random.pick<string>(values) };
}

export const nodes = ["", "n1", "n2"] as const;
export const phases = ["Pending", "Running", "Failed"] as const;
