import { join } from "node:path";

import { childCommand } from "./child-command.ts";

/** A process that waits for a KubeconfigRequest on its standard input, and ends with the answer to it, or with its input. */
export type ReadingProcess = Bun.Subprocess<"pipe", "pipe", "inherit">;

const isCompiled = import.meta.path.startsWith("/$bunfs/");

/** A compiled binary is its own child; a source file is run by the Bun that runs us. */
const command = isCompiled
  ? [process.execPath, childCommand]
  : [process.execPath, join(import.meta.dir, "../main.ts"), childCommand];

/** Starts one. It keeps nobody alive, and does not outlive us. */
export function startReadingProcess(): ReadingProcess {
  const child = Bun.spawn(command, {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    env: process.env,
  });
  child.unref();
  return child;
}

/** Whether the command line says that a kubeconfig will be read; where it does not say so, one may be read all the same. */
export function readsKubeconfig(argv: readonly string[]): boolean {
  const isOf = (name: string) => argv.some((each) => each === name || each.startsWith(`${name}=`));
  const isCommand = argv[0]?.startsWith("-") === false;
  return !isCommand && isOf("--kubeconfig") && !isOf("--help") && !isOf("--version");
}
