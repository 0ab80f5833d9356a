// Every flag there is: the one table that parsing, the config file, --help and --check-config go by.

/** Where a flag stands in --help. */
export type FlagGroup =
  "Upstream" | "Listeners" | "Cache" | "Process" | "Configuration" | "Accepted, without effect";

/** A flag, which is also a key of the config file unless it says otherwise. */
export interface Flag {
  readonly name: string;
  /** A boolean takes a bare `true` or `false` after it, a list takes commas and may be repeated. */
  readonly kind: "boolean" | "text" | "list";
  readonly group: FlagGroup;
  /** What stands for the value in --help; empty for a boolean. */
  readonly hint: string;
  /** The value when it is not given, in the form a person would give it; undefined when none stands for it. */
  readonly fallback: string | undefined;
  readonly help: string;
  readonly commandLineOnly?: true;
}

export const flags = [
  {
    name: "server-addr",
    kind: "text",
    group: "Upstream",
    hint: "URL",
    fallback: undefined,
    help: "the kube-apiserver; replaces the server of the kubeconfig",
  },
  {
    name: "kubeconfig",
    kind: "text",
    group: "Upstream",
    hint: "FILE",
    fallback: undefined,
    help: "credentials; else KUBECONFIG, ~/.kube/config, the pod's service account",
  },
  {
    name: "use-kubeconfig",
    kind: "boolean",
    group: "Upstream",
    hint: "",
    fallback: undefined,
    help: "true: a kubeconfig only; false: in a pod, its service account first",
  },
  {
    name: "health-interval",
    kind: "text",
    group: "Upstream",
    hint: "DURATION",
    fallback: "10s",
    help: "a link that is quiet this long is asked whether it lives",
  },
  {
    name: "bind-address",
    kind: "text",
    group: "Listeners",
    hint: "HOST:PORT",
    fallback: "127.0.0.1:10261",
    help: "where clients connect",
  },
  {
    name: "bind-socket",
    kind: "text",
    group: "Listeners",
    hint: "PATH",
    fallback: undefined,
    help: "the same on a unix socket as well (mode 0600)",
  },
  {
    name: "accept-hosts",
    kind: "list",
    group: "Listeners",
    hint: "REGEXP,…",
    fallback: "^localhost$,^127\\.0\\.0\\.1$,^\\[::1\\]$",
    help: "hosts that a request may name, as kubectl proxy has it",
  },
  {
    name: "admin-address",
    kind: "text",
    group: "Listeners",
    hint: "HOST:PORT",
    fallback: "127.0.0.1:10267",
    help: "health, metrics and /statusz; off for none",
  },
  {
    name: "read-consistency",
    kind: "text",
    group: "Cache",
    hint: "session|exact|any",
    fallback: "session",
    help: "session: never older than your own writes; exact: as of this moment; any",
  },
  {
    name: "scope-window",
    kind: "text",
    group: "Cache",
    hint: "DURATION",
    fallback: "30s",
    help: "the same LIST twice within it starts a cached scope (0: only a WATCH does)",
  },
  {
    name: "scope-idle",
    kind: "text",
    group: "Cache",
    hint: "DURATION",
    fallback: "5m",
    help: "a scope that nobody asks for this long stops its upstream watch",
  },
  {
    name: "preload",
    kind: "list",
    group: "Cache",
    hint: "RESOURCE,…",
    fallback: "",
    help: "cached from the start on: configmaps, deployments.apps, example.com/v1/widgets",
  },
  {
    name: "cache-resources",
    kind: "list",
    group: "Cache",
    hint: "PATTERN,…",
    fallback: "*/*",
    help: "what may be cached: pods, deployments.apps, apps/*; events and leases only by name",
  },
  {
    name: "no-cache-resources",
    kind: "list",
    group: "Cache",
    hint: "PATTERN,…",
    fallback: "",
    help: "what may not; wins over --cache-resources",
  },
  {
    name: "memory-limit",
    kind: "text",
    group: "Cache",
    hint: "SIZE",
    fallback: undefined,
    help: "for all that is cached; default the cgroup's limit less 56Mi, else 256Mi",
  },
  {
    name: "watch-buffer",
    kind: "text",
    group: "Cache",
    hint: "SIZE",
    fallback: "1Mi",
    help: "a watcher with more than this unread is ended and may resume",
  },
  {
    name: "disk-cache-path",
    kind: "text",
    group: "Cache",
    hint: "DIR",
    fallback: "/etc/kubernetes/cache/",
    help: "where scopes and answers are kept for the time without the apiserver; a folder of its user, which nobody else may write to",
  },
  {
    name: "disk-flush",
    kind: "text",
    group: "Cache",
    hint: "DURATION",
    fallback: "1s",
    help: "how far the disk may be behind memory",
  },
  {
    name: "disk-limit",
    kind: "text",
    group: "Cache",
    hint: "SIZE",
    fallback: "512Mi",
    help: "for all on disk; what was used longest ago goes first",
  },
  {
    name: "replay-limit",
    kind: "text",
    group: "Cache",
    hint: "SIZE",
    fallback: "32Mi",
    help: "of it for answers that no scope covers (discovery, tables, single objects), and what of them is written in a minute",
  },
  {
    name: "no-disk-resources",
    kind: "list",
    group: "Cache",
    hint: "PATTERN,…",
    fallback: "secrets",
    help: "what is never written to disk, where it would lie in the clear",
  },
  {
    name: "shutdown-grace",
    kind: "text",
    group: "Process",
    hint: "DURATION",
    fallback: "10s",
    help: "how long requests may take to finish after SIGTERM",
  },
  {
    name: "log-format",
    kind: "text",
    group: "Process",
    hint: "text|json",
    fallback: "text",
    help: "one line per entry on standard error",
  },
  {
    name: "v",
    kind: "text",
    group: "Process",
    hint: "N",
    fallback: "0",
    help: "verbosity, 0 to 10; from 1 on also what helps to find an error",
  },
  {
    name: "config",
    kind: "text",
    group: "Configuration",
    hint: "FILE",
    fallback: undefined,
    help: "YAML with the names of these flags as keys, and rules; flags win",
    commandLineOnly: true,
  },
  {
    name: "check-config",
    kind: "boolean",
    group: "Configuration",
    hint: "",
    fallback: "false",
    help: "check all, print what is in effect (secrets masked), reach no network, end",
    commandLineOnly: true,
  },
  {
    name: "version",
    kind: "boolean",
    group: "Configuration",
    hint: "",
    fallback: "false",
    help: "print the version and end",
    commandLineOnly: true,
  },
  {
    name: "help",
    kind: "boolean",
    group: "Configuration",
    hint: "",
    fallback: "false",
    help: "print this text and end",
    commandLineOnly: true,
  },
  {
    name: "enable-sample-handler",
    kind: "boolean",
    group: "Accepted, without effect",
    hint: "",
    fallback: "false",
    help: "of the Go original",
  },
] as const satisfies readonly Flag[];

export type FlagName = (typeof flags)[number]["name"];
/** The flags that always have a value. */
export type DefaultedFlagName = Extract<(typeof flags)[number], { fallback: string }>["name"];

const byName: ReadonlyMap<string, Flag & { readonly name: FlagName }> = new Map(
  flags.map((flag) => [flag.name, flag]),
);

/** The flag of this name, without its dashes. */
export function findFlag(name: string): (Flag & { readonly name: FlagName }) | undefined {
  return byName.get(name);
}

/** What was given for a flag, and how errors call the place where it was given. */
export interface Given {
  readonly values: readonly string[];
  readonly place: string;
  /** The folder that relative paths start from. */
  readonly folder: string;
}

export type GivenFlags = ReadonlyMap<FlagName, Given>;
