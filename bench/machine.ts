import { cpus, release, totalmem } from "node:os";

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly bun: string;
  readonly proxy: string;
  readonly apiserver: string;
  readonly nginx: string;
  readonly pinning: string;
}

/** What figures depend on and a reader cannot guess. */
export function describeMachine(parts: {
  readonly proxyBinary: string;
  readonly apiserver: string;
  readonly nginx: string | undefined;
  readonly pinning: string;
}): Machine {
  const processors = cpus();
  return {
    cores: processors.length,
    cpu: processors[0]?.model ?? "unknown",
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    bun: Bun.version,
    proxy: `edge-proxy ${firstLine([parts.proxyBinary, "--version"])}`,
    apiserver: parts.apiserver,
    nginx: parts.nginx === undefined ? "not installed" : firstLine([parts.nginx, "-v"]),
    pinning: parts.pinning,
  };
}

function firstLine(command: readonly string[]): string {
  const run = Bun.spawnSync([...command], { stdin: "ignore" });
  return `${run.stdout.toString()}${run.stderr.toString()}`.trim().split("\n")[0] ?? "unknown";
}
