import { existsSync } from "node:fs";

import { findBinary } from "../src/testing/proxy-process.ts";
import { Bench } from "./bench.ts";
import { formatHelp } from "./help.ts";
import { ask } from "./http.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { type Options, parseOptions } from "./options.ts";
import { say } from "./progress.ts";
import { formatPicture, formatReportPage } from "./report-page.ts";
import { type Findings, formatJson, formatReport } from "./report.ts";
import { scenarios } from "./scenarios.ts";

/** What `bun run bench` runs. */

async function main(options: Options): Promise<void> {
  const proxyBinary = options.proxyBinary ?? findBinary();
  if (proxyBinary === undefined || !existsSync(proxyBinary))
    throw new Error(`${proxyBinary ?? "./edge-proxy"} is not there: make build, or --proxy BINARY`);
  const bench = await Bench.start(options);
  const interrupted = () => void bench.stop().finally(() => process.exit(130));
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", interrupted);
  const machine = describeMachine({
    proxyBinary,
    apiserver: bench.apiserver.version,
    nginx: bench.nginxBinary,
    pinning: bench.pinning.description,
  });
  try {
    await waitForTargets(bench);
    const findings = await runScenarios(bench);
    process.stdout.write(`${formatReport(findings, machine)}\n`);
    await writeFiles(findings, machine, options);
  } finally {
    await bench.stop();
  }
}

async function writeFiles(
  findings: Findings,
  machine: Machine,
  { jsonFile, htmlFile, svgFile, seconds }: Options,
): Promise<void> {
  if (jsonFile !== undefined) await Bun.write(jsonFile, formatJson(findings, machine, seconds));
  if (htmlFile !== undefined) await Bun.write(htmlFile, formatReportPage(findings, machine));
  const picture = formatPicture(findings);
  if (svgFile !== undefined && picture !== undefined) await Bun.write(svgFile, picture);
}

async function runScenarios(bench: Bench): Promise<Findings> {
  const { scenarios: names } = bench.options;
  const chosen = scenarios.filter(({ name }) => names.length === 0 || names.includes(name));
  const findings = [];
  for (const scenario of chosen) {
    say(`${scenario.name} …`);
    try {
      findings.push({ scenario: scenario.name, results: await scenario.run(bench) });
    } catch (error) {
      // One scenario that cannot be measured leaves the others theirs.
      process.exitCode = 1;
      const message = error instanceof Error ? error.message : String(error);
      say(`  could not be measured: ${message}`);
      const text = `could not be measured: ${message.split("\n")[0]}`;
      findings.push({ scenario: scenario.name, results: [{ kind: "note", text } as const] });
    } finally {
      await bench.endScenario();
    }
  }
  return findings;
}

/** A target of somebody else can only be started when the apiserver's address is known. */
async function waitForTargets(bench: Bench): Promise<void> {
  for (const { name, url } of bench.options.targets) {
    say(`waiting for ${name} at ${url}: point it at ${bench.apiserver.kubeconfig}`);
    const end = Date.now() + 120_000;
    while (!(await ask({ url }, "/version").catch(() => undefined))?.ok) {
      if (Date.now() > end) throw new Error(`${name} does not answer at ${url}`);
      await Bun.sleep(200);
    }
  }
}

const names = scenarios.map(({ name }) => name);
try {
  const options = parseOptions(process.argv.slice(2), names);
  if (options.asks === "help") process.stdout.write(formatHelp(scenarios));
  else if (options.asks === "list") process.stdout.write(`${names.join("\n")}\n`);
  else await main(options);
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
process.exit();
