import { type Flag, relayFlags, runFlags } from "./flags.ts";

/** The text of `benchmark --help`. */
export function helpText(version: string): string {
  return `benchmark ${version}: does a caching proxy of the apiserver answer right, and what does it cost?

Usage: benchmark [flags]
       benchmark relay --to HOST:PORT [flags]

  benchmark                                     all cases, on the proxy at 127.0.0.1:10261
  benchmark --bench func,filter --kubeconfig ~/.kube/config
  benchmark --bench resource --concurrency 8 --html report.html
  benchmark --bench resource --target ours=http://127.0.0.1:10261 --target theirs=http://127.0.0.1:10262 --target apiserver=direct

Cases (--bench):
  func         100 configmaps: create, get, list, update, patch, delete and watch through the proxy, each answer
               compared with what the apiserver itself says
  filter       100 configmaps with the label type=filter, 50 of them named skip-…: a list by that label must not show
               those. The proxy needs the rule for it: --config deploy/rules/original.yaml
  consistency  100 configmaps with the label type=consistency, listed twice; then the link between proxy and apiserver
               is cut, and when the proxy knows of it, a list by the label must still show all of them
  resource     1,000 configmaps with the label type=resourceusage, listed by it for --duration seconds by --concurrency
               loops; every answer is checked

How the link is cut (--cut):
  relay        between proxy and apiserver stands a relay that needs no privileges. Start it, then the proxy, then this:
                 benchmark relay --to 10.0.0.1:6443
                 edge-proxy --server-addr https://127.0.0.1:10269
                 benchmark --bench consistency
               It passes bytes unseen: the apiserver's certificate must be good for the name by which the proxy calls it.
  iptables     drops all packets to and from the apiserver on this machine (root): what else runs here is cut off too

Flags:
${flagTexts(runFlags)}

In resource, targets are asked by turns in slices (A B A B), each for the whole duration in all; NAME=direct is left out of
filter and consistency. Latency is taken here, CPU and memory are those of the target's process; "client cores" is what
this tool itself used: near 1 it was the limit.
Exit codes: 0 every check held; 1 one did not, or could not be made; 2 a flag cannot be used; 130 interrupted. Whatever
was written to the cluster is removed in all cases but SIGKILL.
`;
}

/** The text of `benchmark relay --help`. */
export function relayHelpText(): string {
  return `benchmark relay: stands between a proxy and its apiserver, and stops passing bytes when told

Usage: benchmark relay --to HOST:PORT [flags]

Flags:
${flagTexts(relayFlags)}

While the link is cut, connections stay open, new ones are accepted, and no byte passes: a black hole, not a reset. When it
is restored, what was held goes on, as it does when packets get through again. A cut ends by itself after its seconds (60).
  curl -X POST http://127.0.0.1:10270/cut?seconds=30
  curl -X POST http://127.0.0.1:10270/restore
`;
}

const helpColumn = 26;

function flagTexts(flags: readonly Flag[]): string {
  return flags.map(flagText).join("\n");
}

function flagText({ name, hint, fallback, help }: Flag): string {
  const left = `  --${name}${hint === "" ? "" : ` ${hint}`}`;
  const says = `${help}${fallback === undefined ? "" : ` [${fallback}]`}`;
  return left.length + 2 > helpColumn
    ? `${left}\n${" ".repeat(helpColumn)}${says}`
    : `${left.padEnd(helpColumn)}${says}`;
}
