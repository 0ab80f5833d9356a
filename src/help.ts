import { type Flag, type FlagGroup, flags } from "./config/flags.ts";

const groups: readonly FlagGroup[] = [
  "Upstream",
  "Listeners",
  "Cache",
  "Process",
  "Configuration",
  "Accepted, without effect",
];

/** The text of `--help`: what it is, how it is started, every flag with its default, and what it reads and ends with. */
export function helpText(version: string): string {
  return `edge-proxy ${version}: a kube-apiserver for one node. It answers LIST, GET and WATCH from a live copy, all else it forwards.

Usage: edge-proxy [flags]

  edge-proxy                                      with your kubeconfig, or as a pod with its service account
  edge-proxy --kubeconfig /etc/kubernetes/kubelet.conf --bind-socket /run/edge-proxy.sock
  edge-proxy --server-addr https://10.0.0.1:6443 --preload configmaps,nodes
  kubectl --server http://127.0.0.1:10261 get configmaps -A -w
  edge-proxy cache ls                             what is on disk; also verify, export, clear (edge-proxy cache --help)
  edge-proxy rules test -f rules.yaml <o.json     what rules make of objects (edge-proxy rules --help)

${groups.map(groupText).join("\n\n")}

--flag value, --flag=value; a list may be repeated. Durations as in Go: 250ms, 30s, 1h30m.
Sizes as in Kubernetes: 64Mi, 500k, 65536; also 64MiB, 500kB.
Resources as for kubectl, in full: configmaps, deployments.apps, deployments.v1.apps; also v1/configmaps, apps/v1/deployments.
Patterns hold for all versions, and * stands for any characters: configmaps, deployments.apps, apps/deployments, apps/*, /pods.

Environment: KUBECONFIG, HOME; in a pod KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT.
Signals:     SIGTERM, SIGINT end it in order, a second one at once; SIGHUP reads credentials and config file again.
Exit codes:  0 ended as asked; 1 failed; 2 a flag, file or credential cannot be used: one line on standard error says which.
`;
}

function groupText(group: FlagGroup): string {
  const members: readonly Flag[] = flags.filter((flag) => flag.group === group);
  return [`${group}:`, ...members.map(flagText)].join("\n");
}

const helpColumn = 34;

function flagText(flag: Flag): string {
  const left = `  --${flag.name}${flag.hint === "" ? "" : ` ${flag.hint}`}`;
  const says = `${flag.help}${fallbackText(flag)}`;
  const isWide = left.length + 2 > helpColumn;
  return isWide ? `${left}\n${" ".repeat(helpColumn)}${says}` : `${left.padEnd(helpColumn)}${says}`;
}

function fallbackText({ kind, fallback }: Flag): string {
  if (fallback === undefined || fallback === "" || kind === "boolean") return "";
  return ` [${fallback}]`;
}
