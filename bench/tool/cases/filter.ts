import {
  itemsIn,
  namesOf,
  removeConfigMaps,
  selectedPath,
  writeConfigMaps,
} from "../config-maps.ts";
import { type Case, type CaseContext, look, send } from "../context.ts";

const type = "filter";
const hidden = namesOf("skip", 50);
const shown = namesOf("keep", 50);

export const filter: Case = {
  name: "filter",
  isForDirect: "no",
  run: async (contexts) => {
    for (const context of contexts) {
      try {
        await tryFilter(context);
      } finally {
        await removeConfigMaps(context, type).catch(() => undefined);
      }
    }
  },
};

async function tryFilter(context: CaseContext): Promise<void> {
  await writeConfigMaps(context, context.server, type, [...shown, ...hidden]);
  const path = selectedPath(context, type);
  const kept = itemsIn(await look(context, path));
  const { checks } = context;
  checks.expect("the apiserver has all 100", kept.length === 100, () => `${kept.length} items`);
  const right = kept.filter(({ metadata }) => !metadata.name.startsWith("skip-"));
  // A second and a third time, too: then a proxy may answer from what it keeps.
  for (let time = 0; time < 3; time++) {
    const answer = await send(context, "list", path);
    const items = itemsIn(answer);
    const skipped = items.filter(({ metadata }) => metadata.name.startsWith("skip-"));
    checks.expect("list: nothing named skip-…", skipped.length === 0, () => noRule(skipped.length));
    const others = items.filter((item) => !skipped.includes(item));
    checks.expect(
      "list: all others, as the apiserver has them",
      answer.status === 200 && Bun.deepEquals(others, right, true),
      () => `${answer.status}, ${others.length} of ${right.length}`,
    );
  }
}

function noRule(count: number): string {
  return `${count} of 50 are shown: the proxy has no rule that hides them; start it with --config deploy/rules/original.yaml`;
}
