import { defineCommand, runCommand } from "citty";

import { type CommandResult, runCacheCommand } from "./cache-command.ts";
import { checkConfig } from "./check-config.ts";
import { type Config, ConfigError, readAction, readConfig } from "./config.ts";
import { processInput } from "./config/input.ts";
import { helpText } from "./help.ts";
import { redact } from "./log-redact.ts";
import { configureLog, log } from "./log.ts";
import { runRulesCommand } from "./rules-command.ts";
import { serve } from "./server.ts";
import { readWith } from "./upstream/credential-process.ts";
import type { ReadingProcess } from "./upstream/reading-process.ts";
import { version } from "./version.ts";

/** The command line is read strictly by config-args.ts: citty itself takes unknown flags, and `--no-cache-resources` as a negation. */
const command = defineCommand({
  meta: { name: "edge-proxy", version, description: "A kube-apiserver for one node" },
  run: ({ rawArgs }) => run(rawArgs),
});

async function run(argv: readonly string[]): Promise<void> {
  if (argv[0] === "cache") return result(await runCacheCommand(argv.slice(1)));
  if (argv[0] === "rules") return result(await runRulesCommand(argv.slice(1), rulesInput));
  const read = () => readConfig({ ...processInput(), argv });
  switch (readAction(argv)) {
    case "help":
      return print(helpText(version));
    case "version":
      return print(`${version}\n`);
    case "check":
      return print(await checkConfig(read()));
    case "serve":
      return start(read);
  }
}

const rulesInput = {
  stdin: () => Bun.stdin.text(),
  readFile: processInput().readFile,
};

async function result({ output, exitCode }: CommandResult): Promise<void> {
  await Bun.write(Bun.stdout, new Blob([...output]));
  process.exitCode = exitCode;
}

async function start(read: () => Config): Promise<void> {
  const config = read();
  configureLog({ format: config.logFormat, verbosity: config.verbosity });
  for (const notice of config.notices) log.info(notice);
  await serve(config, read);
}

function print(text: string): void {
  process.stdout.write(text);
}

/** Bad input is one line and exit code 2; what nobody foresaw is one line and 1. */
function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`edge-proxy: ${redact(message).replaceAll(/\s*[\r\n]+\s*/g, " ")}\n`);
  process.exit(error instanceof ConfigError ? 2 : 1);
}

/** Runs the command line. The child, where there is one, is for the kubeconfig that is to be read. */
export async function main(argv: string[], child: ReadingProcess | undefined): Promise<void> {
  if (child !== undefined) readWith(child);
  await runCommand(command, { rawArgs: argv }).catch(fail);
}
