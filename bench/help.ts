import type { Scenario } from "./bench.ts";

/** The text of --help. */
export function formatHelp(scenarios: readonly Scenario[]): string {
  const list = scenarios.map(({ name, help }) => `  ${name.padEnd(14)} ${wrap(help)}`).join("\n");
  return `bun run bench [SCENARIO…] [flags]      measures built binaries over HTTP only

  --seconds N          how long each target of a scenario is measured (6)
  --json FILE          writes all figures, unrounded, with what the machine is
  --html FILE          writes tables and plots as one page that needs no network
  --svg FILE           writes the comparison of list-hit as a picture
  --target NAME=URL    one more target in the scenarios that compare; repeatable. It must stand before the apiserver
                       of this run: the bench says where its kubeconfig is and waits until the URL answers
  --proxy BINARY       the edge-proxy to measure (./edge-proxy)
  --no-pin             leaves processes where the kernel puts them
  --list               the names of the scenarios
  --help               this text

Scenarios (all of them unless some are named):
${list}

Targets: edge-proxy, the compiled binary, started anew for each scenario with an empty cache; apiserver, a real
kube-apiserver and etcd of this run (KUBEBUILDER_ASSETS, or beside the repository), else the fake one, and then ratios
to it mean nothing; nginx, one process with sendfile and without a log, which serves the very bytes that the proxy
answered, where it is installed.

How to read the tables: "ratio" is the throughput of a row to that of the second row of its scenario in the same run.
Targets are measured by turns in short slices, so that noise hits all alike; servers share one core and the load
generator has the other. Its own use of that core is in "client cores": well below 1 it was not the limit, and "server
cores" near 1 says that the server was. A bar is what the project wants to reach on such a machine; ok and MISSED
are shown, never asserted: the exit code is 0 as long as all could be measured.
`;
}

/** In lines of 100 columns, indented as the scenarios' texts are. */
function wrap(text: string): string {
  const lines = text.match(/.{1,100}(?= |$)/g) ?? [];
  return lines.map((line) => line.trim()).join(`\n${" ".repeat(17)}`);
}
