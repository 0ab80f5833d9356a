import { cpus } from "node:os";

/** Servers share one core, all that asks them shares another: neither steals from the other what is measured. */
export type Core = "server" | "client";

/** Moves processes to cores; without taskset or a second core, nothing is moved. */
export interface Pinning {
  /** Whether it moves anything, and where. */
  readonly description: string;
  /** Moves running processes, all their threads. */
  move(pids: readonly number[], core: Core): void;
  /** Runs something that starts a server: what it starts is born on the server's core. */
  bear<Value>(core: Core, start: () => Promise<Value>): Promise<Value>;
}

/** Pins if it can and shall; this process itself lives on the client's core from then on. */
export function createPinning(wish: "pin" | "leave"): Pinning {
  const missing = wish === "pin" ? whatIsMissing() : "--no-pin";
  if (missing !== undefined) {
    return {
      description: `not pinned (${missing})`,
      move: () => undefined,
      bear: (_, start) => start(),
    };
  }
  move([process.pid], "client");
  return {
    description: "servers on core 0, load generator on core 1",
    move,
    bear: async (core, start) => {
      move([process.pid], core);
      try {
        return await start();
      } finally {
        move([process.pid], "client");
      }
    },
  };
}

function move(pids: readonly number[], core: Core): void {
  for (const pid of pids)
    Bun.spawnSync(["taskset", "-a", "-p", "-c", core === "server" ? "0" : "1", String(pid)]);
}

function whatIsMissing(): string | undefined {
  if (Bun.which("taskset") === null) return "no taskset";
  return cpus().length < 2 ? "one core only" : undefined;
}
