import { join } from "node:path";

import { createTemporaryFolder } from "../../src/testing/child-process.ts";
import type { Bench, Scenario } from "../bench.ts";
import { clientNotes, compare, throughputRatio } from "../compare.ts";
import { listPath, thousand } from "../objects.ts";
import { atLeast, measure, note, type Result } from "../result.ts";
import { warm } from "../warm.ts";

const connections = 8;
const path = `${listPath(thousand.namespace)}?labelSelector=app%3Dbench`;

/** It looks at every object and finds nothing to leave out: the answer is what it is without. */
const trimsNothing = `rules:
  - name: trims-nothing
    match: { labelSelector: app=bench }
    trim: ['metadata.annotations["none"]']
`;
const namesOnly = `rules:
  - name: names-only
    match: { labelSelector: app=bench }
    keep: [metadata.name, metadata.namespace]
`;

export const rules: Scenario = {
  name: "rules",
  help: "A LIST of 1,000 configmaps by label from the cache, 8 clients, JSON: with a rule that leaves nothing out, against the same bytes without rules; and with one that leaves names only, against nginx.",
  run: async (bench) => {
    await bench.populate(thousand);
    return [...(await sameBytes(bench)), ...(await names(bench))];
  },
};

async function sameBytes(bench: Bench): Promise<readonly Result[]> {
  const ruled = await startRuled(bench, trimsNothing);
  const plain = await bench.startProxy();
  const [with_, without] = ["edge-proxy (a rule, same bytes)", "edge-proxy (no rules)"];
  await warm(ruled, path);
  await warm(plain, path);
  const rows = await compare(bench, connections, [
    { name: with_, server: ruled, path, pids: [ruled.pid] },
    { name: without, server: plain, path, pids: [plain.pid] },
  ]);
  await bench.endScenario();
  const ratio = throughputRatio(rows, with_, without);
  return [
    ...rows,
    ...clientNotes(rows),
    measure("rules on, to the same bytes without", ratio, "×", atLeast(0.95)),
  ];
}

async function names(bench: Bench): Promise<readonly Result[]> {
  const proxy = await startRuled(bench, namesOnly);
  const body = await warm(proxy, path);
  const nginx = await bench.startNginx({ list: body });
  const [ours, theirs] = ["edge-proxy (names only)", "nginx (names only)"];
  const rows = await compare(bench, connections, [
    { name: ours, server: proxy, path, pids: [proxy.pid] },
    ...(nginx === undefined
      ? []
      : [{ name: theirs, server: nginx, path: "/list", pids: [nginx.pid] }]),
  ]);
  await bench.endScenario();
  const ratio = throughputRatio(rows, ours, theirs);
  return [
    ...rows,
    ...clientNotes(rows),
    note(`names only: ${body.length} bytes`),
    ...(nginx === undefined
      ? [note("nginx is not installed: no ratio to it")]
      : [measure("names only: to nginx", ratio, "×", atLeast(1.2))]),
  ];
}

async function startRuled(bench: Bench, text: string) {
  const folder = await createTemporaryFolder("edge-proxy-rules-");
  bench.defer(() => folder.remove());
  const file = join(folder.dir, "config.yaml");
  await Bun.write(file, text);
  return await bench.startProxy({ flags: ["--config", file] });
}
