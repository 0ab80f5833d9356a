import type { Bench, Scenario } from "../bench.ts";
import { clientNotes, compare } from "../compare.ts";
import { note, type Result } from "../result.ts";

const connections = 8;

export const calibration: Scenario = {
  name: "calibration",
  help: "What the load generator can take: 530 KB and 500 bytes from nginx and from a bare Bun.serve. The latter is also what any proxy on Bun can reach at best.",
  run: async (bench) => [
    ...(await calibrate(bench, "530 KB", 530_000)),
    ...(await calibrate(bench, "500 B", 500)),
  ],
};

async function calibrate(bench: Bench, size: string, bytes: number): Promise<readonly Result[]> {
  const body = Buffer.alloc(bytes, "x");
  const blob = await bench.startBlobServer(body);
  const nginx = await bench.startNginx({ list: body });
  const rows = await compare(bench, connections, [
    { name: `Bun.serve, a Blob (${size})`, server: blob, path: "/", pids: [blob.pid] },
    ...(nginx === undefined
      ? []
      : [{ name: `nginx (${size})`, server: nginx, path: "/list", pids: [nginx.pid] }]),
  ]);
  await bench.endScenario();
  const missing = nginx === undefined ? [note("nginx is not installed: left out")] : [];
  return [...rows, ...clientNotes(rows), ...missing];
}
