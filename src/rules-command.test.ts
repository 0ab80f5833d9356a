import { describe, expect, test } from "bun:test";

import { runRulesCommand } from "./rules-command.ts";

const rules = `rules:
- name: drop
  match: { resources: [configmaps], labelSelector: view=some }
  hide: { namePrefix: draft- }
- name: slim
  trim: [data, metadata.managedFields]
- name: other
  match: { resources: [pods] }
  keep: [metadata.name]
`;

const object = (name: string, labels: object, rest: object) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "x", labels },
  ...rest,
});
const list = {
  kind: "List",
  items: [
    object("draft-a", { view: "some" }, {}),
    object("draft-b", { view: "none" }, { data: { k: "v" } }),
  ],
};

async function run(argv: readonly string[], stdin: unknown = list, file = rules) {
  const { output } = await runRulesCommand(argv, {
    stdin: async () => (typeof stdin === "string" ? stdin : JSON.stringify(stdin)),
    readFile: () => file,
  });
  return await new Blob([...output]).text();
}

describe("runRulesCommand", () => {
  test("shows what each rule does to each object that it is for", async () => {
    const text = await run(["test", "-f", "r.yaml"]);
    const lines = text.split("\n").map((line) => line.split(/ {3,}/));
    expect(lines).toEqual([
      ["RULE", "OBJECT", "EFFECT", "BYTES", "LEFT", "WITHOUT"],
      ["drop", "configmaps/x/draft-a", "hidden", "109", "0"],
      ["slim", "configmaps/x/draft-a", "as it is", "109", "109"],
      ["slim", "configmaps/x/draft-b", "trimmed", "126", "109", "data"],
      [""],
      ["other is for none of the 2 objects"],
      [""],
    ]);
  });

  test("-o json shows what is left of them", async () => {
    const { items } = JSON.parse(await run(["test", "-f=r.yaml", "-o", "json"]));
    expect(items).toEqual([object("draft-b", { view: "none" }, {})]);
  });

  test.each([
    [["try"], list, rules, "rules try: it is rules test"],
    [["test"], list, rules, "rules test: -f FILE is missing"],
    [["test", "-x"], list, rules, "rules test: -x: unknown; it takes -f FILE"],
    [["test", "-f"], list, rules, "rules test: -f: a value is missing"],
    [["test", "-f", "r", "-o", "xml"], list, rules, "rules test: -o xml: it is table or json"],
    [["test", "-f", "r"], "a: b", rules, "rules test: standard input: no JSON"],
    [["test", "-f", "r"], [], rules, "neither an object nor a list"],
    [["test", "-f", "r"], { items: [{}] }, rules, "object 1 has no kind"],
    [["test", "-f", "r"], list, "rules:\n- name: a", 'r:2: rule "a": it takes one of'],
  ])("%p is refused", async (argv, stdin, file, message) => {
    expect(run(argv, stdin, file)).rejects.toThrow(message);
  });
});
