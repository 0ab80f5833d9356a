import { configMapScope, objectAt, openSnapshot, restore, stateAt } from "./disk.ts";
// A process that writes a scope as fast as it can, until it is killed: each state's objects all say their round, so that a
// reader can tell a state that was never one. Lines on standard output name what has been written for certain.
import { configMap } from "./objects.ts";

const [folder = ""] = process.argv.slice(2);
const scope = configMapScope();
const { snapshot } = openSnapshot(folder);
const answer = await restore(snapshot, scope);
let round = answer.is === "restored" ? Number(answer.restored.resourceVersion) : 10;

/** Every object of the round, as large as it takes for many slices. */
function items(version: number) {
  return Array.from({ length: 40 }, (_, index) =>
    configMap({
      name: `n${index + 10}`,
      resourceVersion: String(version),
      uid: "u".repeat(30_000),
    }),
  );
}

process.stdout.write(`from ${round}\n`);
for (;;) {
  round++;
  if (round % 4 === 0 || answer.is !== "restored")
    await snapshot.replace(scope, stateAt(round), items(round));
  const item = objectAt("last", ++round);
  const held = round > 12;
  await snapshot.write([
    {
      scope,
      state: stateAt(round),
      changes: [
        held
          ? { type: "MODIFIED", item, previous: item }
          : { type: "ADDED", item, previous: undefined },
      ],
    },
  ]);
  process.stdout.write(`at ${round}\n`);
}
