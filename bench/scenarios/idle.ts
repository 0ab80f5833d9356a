import type { Bench, Scenario } from "../bench.ts";
import { readCpuSeconds, readMemory } from "../process-usage.ts";
import { during } from "../progress.ts";
import { atMost, measure, type Result } from "../result.ts";
import { type StartUp, startUp } from "../start-up.ts";

const starts = 5;
const idleSeconds = 5;

export const idle: Scenario = {
  name: "idle",
  help: "A proxy that nobody asks anything: memory after the start and after a first answer, CPU over 5 s, and the time from the start of the process to its first answer.",
  run: async (bench) => {
    const times: number[] = [];
    for (let at = 1; at < starts; at++) times.push(await timeStart(bench));
    const last = await begin(bench);
    times.push(last.firstAnswerMs);
    return [...(await during("an idle proxy", () => watchIdle(last))), ...describeStarts(times)];
  },
};

async function begin(bench: Bench): Promise<StartUp> {
  const { proxyBinary } = bench.options;
  const started = await bench.pinning.bear("server", () =>
    startUp({ kubeconfig: bench.apiserver.kubeconfig, binary: proxyBinary }),
  );
  bench.defer(() => started.stop());
  return started;
}

async function timeStart(bench: Bench): Promise<number> {
  const { firstAnswerMs } = await begin(bench);
  await bench.endScenario();
  return firstAnswerMs;
}

async function watchIdle({ pid }: StartUp): Promise<readonly Result[]> {
  await Bun.sleep(3000);
  const memory = readMemory(pid);
  const before = readCpuSeconds([pid]);
  await Bun.sleep(idleSeconds * 1000);
  const share = ((readCpuSeconds([pid]) - before) / idleSeconds) * 100;
  return [
    measure("anonymous memory", memory.anonymous / 1e6, "MB", atMost(12)),
    measure("RSS", memory.rss / 1e6, "MB", atMost(52)),
    measure("CPU of one core", share, "%", atMost(0.5)),
  ];
}

function describeStarts(times: readonly number[]): readonly Result[] {
  const sorted = times.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return [
    measure(`start to first answer, median of ${starts}`, middle, "ms", atMost(150)),
    measure("start to first answer, slowest", sorted.at(-1) ?? Number.NaN, "ms"),
  ];
}
