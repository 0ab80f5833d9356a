// `edge-proxy rules test`: what rules make of objects, without a proxy or an apiserver.
import { noFields } from "./api/item.ts";
import type { Selectable } from "./api/selection.ts";
import type { CommandResult } from "./cache-command.ts";
import { jsonCodec } from "./codec/json-codec.ts";
import { readJsonMetadata } from "./codec/json-item.ts";
import { formatTable } from "./command-table.ts";
import { ConfigError } from "./config/error.ts";
import { readConfigRules } from "./config/given.ts";
import { isObject, type Json, type JsonObject } from "./rules/json.ts";
import { lostFields } from "./rules/lost-fields.ts";
import { isForNamespace, type Rule } from "./rules/rule.ts";
import { View } from "./rules/view.ts";

const usage = `Usage: edge-proxy rules test -f FILE [-o json] < objects.json

  Shows what each rule of a config file makes of the objects on standard input: a list or an object, as
  "kubectl get -A configmaps -o json" prints it. A rule that looks at user agents or label selectors is shown
  for requests that it is for. -o json prints what is left of the objects that all rules are for.
  Exit codes: 0 shown; 2 the rules or the objects cannot be used: one line says where.
`;

interface Asked {
  readonly file: string;
  readonly output: "table" | "json";
}

/** An object of the input, as rules look at it. */
interface Given {
  readonly value: JsonObject;
  readonly bytes: Uint8Array;
  readonly group: string;
  readonly resource: string;
  readonly selectable: Selectable;
}

/** Runs the command after `rules`. Rejects with a ConfigError for what it does not understand. */
export async function runRulesCommand(
  argv: readonly string[],
  input: { readonly stdin: () => Promise<string>; readonly readFile: (file: string) => string },
): Promise<CommandResult> {
  const [action, ...flags] = argv;
  if (action === undefined || argv.includes("--help") || argv.includes("-h"))
    return { output: [usage], exitCode: 0 };
  if (action !== "test") throw new ConfigError(`rules ${action}: it is rules test`);
  const { file, output } = readFlags(flags);
  const rules = readConfigRules(file, input.readFile);
  const objects = readObjects(await input.stdin());
  return {
    output: [output === "json" ? shownObjects(rules, objects) : report(rules, objects)],
    exitCode: 0,
  };
}

function readFlags(flags: readonly string[]): Asked {
  let file: string | undefined;
  let output: Asked["output"] = "table";
  for (let at = 0; at < flags.length; at++) {
    const [, flag = "", inline] =
      /^(-[fo]|--file|--output)(?:=(.*))?$/s.exec(flags[at] ?? "") ?? [];
    const value = inline ?? flags[++at];
    if (flag === "")
      throw new ConfigError(`rules test: ${flags[at - 1]}: unknown; it takes -f FILE and -o json`);
    if (value === undefined) throw new ConfigError(`rules test: ${flag}: a value is missing`);
    if (flag === "-f" || flag === "--file") file = value;
    else if (value === "json" || value === "table") output = value;
    else throw new ConfigError(`rules test: -o ${value}: it is table or json`);
  }
  if (file === undefined)
    throw new ConfigError("rules test: -f FILE is missing: the file with the rules");
  return { file, output };
}

function readObjects(text: string): readonly Given[] {
  const place = "rules test: standard input";
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new ConfigError(`${place}: no JSON; give it what kubectl get -o json prints`, error);
  }
  if (!isObject(value)) throw new ConfigError(`${place}: neither an object nor a list of objects`);
  const { items } = value;
  const objects: readonly Json[] = Array.isArray(items) ? items : [value];
  return objects.map((object, at) => {
    if (!isObject(object) || typeof object["kind"] !== "string")
      throw new ConfigError(`${place}: object ${at + 1} has no kind`);
    return given(object, object["kind"]);
  });
}

function given(value: JsonObject, kind: string): Given {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const { apiVersion: written } = value;
  const apiVersion = typeof written === "string" ? written : "v1";
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
  const selectable = { ...readJsonMetadata(bytes), fields: noFields };
  return { value, bytes, group, resource: resourceOf(kind), selectable };
}

/** As kubectl guesses it without asking (apimachinery, meta/restmapper.go UnsafeGuessKindToResource). */
function resourceOf(kind: string): string {
  const name = kind.toLowerCase();
  if (name === "endpoints") return name;
  if (name.endsWith("s")) return `${name}es`;
  return name.endsWith("y") ? `${name.slice(0, -1)}ies` : `${name}s`;
}

/** Whether the rule is for requests that show this object: a selector that implies the rule's selects it. */
function isRuled(rule: Rule, { group, resource, selectable }: Given): boolean {
  const { isOfResource, labelSelector } = rule.match;
  return (
    isOfResource(group, resource) &&
    labelSelector.matches(selectable.labels) &&
    isForNamespace(rule, selectable.namespace)
  );
}

function report(rules: readonly Rule[], objects: readonly Given[]): string {
  const rows = rules.flatMap((rule) => {
    const meant = objects.filter((object) => isRuled(rule, object));
    return meant.map((object) => [rule.name, nameOf(object), ...effectOn(rule, object)]);
  });
  const table = formatTable([["RULE", "OBJECT", "EFFECT", "BYTES", "LEFT", "WITHOUT"], ...rows]);
  const unused = rules.filter(({ name }) => rows.every(([rule]) => rule !== name));
  const notes = unused.map(({ name }) => `${name} is for none of the ${objects.length} objects\n`);
  return `${table}${notes.length === 0 ? "" : "\n"}${notes.join("")}`;
}

function nameOf({ resource, selectable }: Given): string {
  const { namespace, name } = selectable;
  return `${resource}/${namespace === "" ? "" : `${namespace}/`}${name}`;
}

/** Effect, bytes before, bytes after, what is left out. */
function effectOn(rule: Rule, { bytes, value, selectable }: Given): readonly string[] {
  const view = new View([rule]);
  const before = String(bytes.length);
  if (view.hiderOf(selectable) !== undefined) return ["hidden", before, "0", ""];
  const left = view.trim(jsonCodec, selectable.namespace, bytes, "object");
  if (left === bytes) return ["as it is", before, before, ""];
  const without = view.trimming.flatMap(({ effect }) => leftOut(value, left, effect.trim));
  return ["trimmed", before, String(left.length), without.join(", ")];
}

function leftOut(value: JsonObject, left: Uint8Array, trim: Parameters<typeof lostFields>[2]) {
  const after = JSON.parse(Buffer.from(left).toString()) as Json;
  return lostFields(value, after, trim, "also what the server owns");
}

function shownObjects(rules: readonly Rule[], objects: readonly Given[]): string {
  const items = objects.flatMap((object) => {
    const view = new View(rules.filter((rule) => isRuled(rule, object)));
    const { selectable, bytes } = object;
    if (view.hiderOf(selectable) !== undefined) return [];
    const left = view.trim(jsonCodec, selectable.namespace, bytes, "object");
    return [JSON.parse(Buffer.from(left).toString()) as Json];
  });
  return `${JSON.stringify({ apiVersion: "v1", kind: "List", items }, null, 2)}\n`;
}
