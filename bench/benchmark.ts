import { defineCommand, runCommand } from "citty";

import { ConfigError } from "../src/config/error.ts";
import { CredentialError } from "../src/upstream/credentials.ts";
import { parseArgs } from "./tool/args.ts";
import { runFlags } from "./tool/flags.ts";
import { helpText } from "./tool/help.ts";
import { type BenchmarkOptions, readOptions } from "./tool/options.ts";
import type { Report } from "./tool/outcome.ts";
import { createProgressLine } from "./tool/progress-line.ts";
import { runRelayCommand } from "./tool/relay-command.ts";
import { formatReportPage } from "./tool/report-page.ts";
import { runBenchmark } from "./tool/run.ts";
import { formatReport } from "./tool/tables.ts";

/** The binary `benchmark`: whether a proxy of an apiserver answers right, and what it costs. */

declare const EDGE_PROXY_VERSION: string | undefined;
const version = typeof EDGE_PROXY_VERSION === "string" ? EDGE_PROXY_VERSION : "dev";

/** 128 and the number of the signal, as shells have it. */
const signalCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** The command line is read strictly by args.ts: citty itself takes unknown flags. */
const command = defineCommand({
  meta: { name: "benchmark", version, description: "Tries a caching proxy of an apiserver" },
  run: ({ rawArgs }) => main(rawArgs),
});

class Interrupted extends Error {
  readonly exitCode: number;

  constructor(name: keyof typeof signalCodes) {
    super(`ended by ${name}`);
    this.exitCode = signalCodes[name];
  }
}

async function main(argv: readonly string[]): Promise<void> {
  const interruption = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      interruption.abort(new Interrupted(name));
      // Who does not want to wait for the cleaning says so again.
      process.once(name, () => process.exit(signalCodes[name]));
    });
  }
  if (argv[0] === "relay") return await runRelayCommand(argv.slice(1), interruption.signal);
  const given = parseArgs(argv, runFlags);
  if (given.has("help")) return void process.stdout.write(helpText(version));
  if (given.has("version")) return void process.stdout.write(`${version}\n`);
  const options = readOptions(given);
  const late = AbortSignal.timeout(options.timeoutSeconds * 1000);
  const signal = AbortSignal.any([interruption.signal, late]);
  const report = await runBenchmark(
    options,
    { version, progress: createProgressLine() },
    signal,
  ).catch((error: unknown) => {
    throw late.aborted ? new Error(`not done within --timeout ${options.timeoutSeconds}`) : error;
  });
  process.stdout.write(`${formatReport(report)}\n`);
  await writeFiles(report, options);
  process.exitCode = report.passed ? 0 : 1;
}

async function writeFiles(
  report: Report,
  { jsonFile, htmlFile }: Pick<BenchmarkOptions, "jsonFile" | "htmlFile">,
): Promise<void> {
  if (htmlFile !== undefined) await Bun.write(htmlFile, formatReportPage(report));
  if (jsonFile !== undefined)
    await Bun.write(jsonFile, `${JSON.stringify(report, undefined, 2)}\n`);
}

function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`benchmark: ${message.replaceAll(/\s*[\r\n]+\s*/g, " ")}\n`);
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  return error instanceof ConfigError || error instanceof CredentialError ? 2 : 1;
}

await runCommand(command, { rawArgs: process.argv.slice(2) }).catch(fail);
process.exit();
