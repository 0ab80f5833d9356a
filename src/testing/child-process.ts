import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A process of a test: it does not outlive the process that started it, however that ends. */
export interface ChildProcess {
  readonly pid: number;
  /** The file that holds its standard output and standard error. */
  readonly logFile: string;
  /** The exit code once it has ended; undefined while it runs. */
  exitCode(): number | undefined;
  signal(name: NodeJS.Signals): void;
  /** Sends the signal (SIGKILL unless told otherwise) and waits until the process is gone. */
  stop(name?: NodeJS.Signals): Promise<number>;
  /** The last lines of its output, to be shown when it failed. */
  tail(lines?: number): Promise<string>;
}

export interface ChildProcessOptions {
  readonly logFile: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Starts a process whose output goes to a file.
 * A sentinel in a session of its own reads from a pipe that only we hold: when we are gone, be it by SIGKILL, it ends the process.
 */
export function startChildProcess(
  command: readonly string[],
  options: ChildProcessOptions,
): ChildProcess {
  const child = Bun.spawn([...command], {
    stdin: "ignore",
    stdout: Bun.file(options.logFile),
    stderr: Bun.file(options.logFile),
    env: options.env ?? process.env,
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const sentinel = Bun.spawn(["sh", "-c", `cat >/dev/null; kill -9 ${child.pid} 2>/dev/null`], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
    detached: true,
  });
  void child.exited.then(() => sentinel.kill("SIGKILL"));
  return {
    pid: child.pid,
    logFile: options.logFile,
    exitCode: () => child.exitCode ?? (child.signalCode === null ? undefined : -1),
    signal: (name) => child.kill(name),
    stop: async (name = "SIGKILL") => {
      child.kill(name);
      child.kill("SIGCONT");
      return child.exited;
    },
    tail: async (lines = 20) => {
      const text = await readFile(options.logFile, "utf8").catch(() => "");
      return text.trimEnd().split("\n").slice(-lines).join("\n");
    },
  };
}

/** A folder that goes away with this process, also when it is killed; `remove` does so at once. */
export async function createTemporaryFolder(
  prefix: string,
): Promise<{ readonly dir: string; readonly remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), prefix));
  // The pause lets the sentinels of the processes in it come first.
  const sentinel = Bun.spawn(["sh", "-c", 'cat >/dev/null; sleep 0.5; rm -rf "$0"', dir], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
    detached: true,
  });
  const remove = async () => {
    sentinel.kill("SIGKILL");
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  return { dir, remove };
}

/** The kernel may give a port that was closed again to the next who asks: two of ours must not have the same. */
const given = new Set<number>();

/** A port of 127.0.0.1 that was free a moment ago; of each process another every time. */
export function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  if (given.has(port)) return freePort();
  given.add(port);
  return port;
}

/** Waits until the condition holds; looks every 20 ms. Rejects when the seconds are over, with what was waited for. */
export async function waitUntil(
  what: string,
  holds: () => boolean | Promise<boolean>,
  seconds = 10,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain until ${what}`);
    await Bun.sleep(20);
  }
}
