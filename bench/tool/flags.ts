/** A flag of the command line; the one table that parsing and --help go by. */
export interface Flag {
  readonly name: string;
  /** A boolean takes a bare `true` or `false` after it; a list may be repeated. */
  readonly kind: "boolean" | "text" | "list";
  /** What stands for the value in --help; empty for a boolean. */
  readonly hint: string;
  /** The value when it is not given; undefined when none stands for it. */
  readonly fallback: string | undefined;
  readonly help: string;
}

const help = flag("help", "boolean", "", undefined, "print this text and end");

/** The flags of `benchmark`. */
export const runFlags: readonly Flag[] = [
  flag("bench", "text", "CASE,…", "all", "all, func, filter, consistency, resource"),
  flag("proxy", "text", "URL", "http://127.0.0.1:10261", "the proxy to be tried"),
  flag(
    "target",
    "list",
    "NAME=URL",
    undefined,
    "one more, compared by turns; NAME=direct is the apiserver itself",
  ),
  flag("namespace", "text", "NS", undefined, "where objects are written; a new one, removed after"),
  flag("kubeconfig", "text", "FILE", undefined, "how to reach the apiserver beside the proxy"),
  flag(
    "use-kubeconfig",
    "boolean",
    "",
    undefined,
    "true: a kubeconfig only; false: in a pod, its service account first",
  ),
  flag("timeout", "text", "SECONDS", "1800", "all of it ends after this long, as failed"),
  flag("duration", "text", "SECONDS", "60", "resource: how long each target is asked"),
  flag("concurrency", "text", "N", "1", "resource: loops that ask at the same time"),
  flag("cut", "text", "relay|iptables", "relay", "consistency: how the link is cut"),
  flag("relay", "text", "CONTROL", "127.0.0.1:10270", "the --control of `benchmark relay`"),
  flag("proxy-pid", "text", "PID", undefined, "its process; else found by the port of --proxy"),
  flag(
    "admin",
    "text",
    "URL",
    "http://127.0.0.1:10267",
    "whose /metrics tell of CPU and memory where /proc cannot",
  ),
  flag("json", "text", "FILE", undefined, "writes all figures, unrounded"),
  flag("html", "text", "FILE", undefined, "writes one page with plots; it needs no network"),
  flag("version", "boolean", "", undefined, "print the version and end"),
  help,
];

/** The flags of `benchmark relay`. */
export const relayFlags: readonly Flag[] = [
  flag("listen", "text", "HOST:PORT", "127.0.0.1:10269", "where the proxy connects"),
  flag("to", "text", "HOST:PORT", undefined, "the apiserver; in a pod its own, else needed"),
  flag(
    "control",
    "text",
    "ADDRESS",
    "127.0.0.1:10270",
    "HOST:PORT of the loopback, or unix:PATH: POST /cut?seconds=N, POST /restore, GET /state",
  ),
  help,
];

function flag(
  name: string,
  kind: Flag["kind"],
  hint: string,
  fallback: string | undefined,
  says: string,
): Flag {
  return { name, kind, hint, fallback, help: says };
}
