import { ConfigError } from "../../src/config/error.ts";
import type { Given } from "./args.ts";
import { type Flag, runFlags } from "./flags.ts";

/** The cases, in the order in which they run. */
export const caseNames = ["func", "filter", "consistency", "resource"] as const;
export type CaseName = (typeof caseNames)[number];

/** What is tried. */
export interface Target {
  readonly name: string;
  /** undefined: the apiserver itself, with the credentials for it. */
  readonly url: string | undefined;
}

export interface BenchmarkOptions {
  readonly cases: readonly CaseName[];
  readonly targets: readonly Target[];
  /** undefined: one of its own. */
  readonly namespace: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly useKubeconfig: boolean | undefined;
  readonly timeoutSeconds: number;
  readonly durationSeconds: number;
  readonly concurrency: number;
  readonly cut: "relay" | "iptables";
  /** `HOST:PORT` or `unix:PATH`. */
  readonly relay: string;
  readonly proxyPid: number | undefined;
  readonly admin: string;
  readonly jsonFile: string | undefined;
  readonly htmlFile: string | undefined;
}

/** Checks what was given and fills in the rest. Throws a ConfigError that names the flag and says what would be right. */
export function readOptions(given: Given): BenchmarkOptions {
  const text = (name: string) => textOf(given, runFlags, name);
  const useKubeconfig = text("use-kubeconfig");
  const pid = text("proxy-pid");
  return {
    cases: parseCases(text("bench") ?? "all"),
    targets: readTargets(given),
    namespace: parseNamespace(text("namespace")),
    kubeconfig: text("kubeconfig"),
    useKubeconfig: useKubeconfig === undefined ? undefined : useKubeconfig === "true",
    timeoutSeconds: parsePositive("timeout", text("timeout")),
    durationSeconds: parsePositive("duration", text("duration")),
    concurrency: parseCount("concurrency", text("concurrency")),
    cut: parseCut(text("cut")),
    relay: parseControl("relay", text("relay") ?? ""),
    proxyPid: pid === undefined ? undefined : parseCount("proxy-pid", pid),
    admin: parseUrl("admin", text("admin") ?? ""),
    jsonFile: text("json"),
    htmlFile: text("html"),
  };
}

/** The value given, else the flag's own. */
export function textOf(given: Given, flags: readonly Flag[], name: string): string | undefined {
  return given.get(name)?.[0] ?? flags.find((flag) => flag.name === name)?.fallback;
}

/** Where a relay is told what to do: a port of the loopback, or a unix socket. */
export function parseControl(flag: string, text: string): string {
  if (/^(127\.\d+\.\d+\.\d+|localhost|\[::1\]):\d+$/.test(text) || /^unix:./.test(text))
    return text;
  throw new ConfigError(`--${flag} ${text}: 127.0.0.1:PORT or unix:PATH is needed`);
}

function parseCases(text: string): readonly CaseName[] {
  const wanted = text.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => name !== "all" && !caseNames.some((each) => each === name));
  if (unknown !== undefined)
    throw new ConfigError(`--bench ${unknown}: it is all, ${caseNames.join(", ")}`);
  return caseNames.filter((name) => wanted.includes("all") || wanted.includes(name));
}

/** `--proxy` is one of them when it is given, or when nothing else is. */
function readTargets(given: Given): readonly Target[] {
  const more = (given.get("target") ?? []).map(parseTarget);
  const proxy = textOf(given, runFlags, "proxy") ?? "";
  const isWanted = given.has("proxy") || more.length === 0;
  const targets = [
    ...(isWanted ? [{ name: "edge-proxy", url: parseUrl("proxy", proxy) }] : []),
    ...more,
  ];
  const names = targets.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return targets;
  throw new ConfigError(`--target ${twice}=…: two targets have this name; give each its own`);
}

function parseTarget(text: string): Target {
  const [, name, where] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || where === undefined)
    throw new ConfigError(`--target ${text}: NAME=URL or NAME=direct is needed`);
  return { name, url: where === "direct" ? undefined : parseUrl(`target ${name}=`, where) };
}

function parseUrl(flag: string, text: string): string {
  const url = URL.parse(text);
  const isPlain = url !== null && url.pathname === "/" && url.search === "" && url.username === "";
  if (isPlain && /^https?:$/.test(url.protocol)) return url.origin;
  throw new ConfigError(`--${flag} ${text}: http://HOST:PORT is needed`);
}

function parseNamespace(text: string | undefined): string | undefined {
  if (text === undefined || /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new ConfigError(`--namespace ${text}: lower-case letters, digits and dashes, at most 63`);
}

function parsePositive(flag: string, text: string | undefined): number {
  const value = Number(text);
  // The longest that a timer can wait.
  if (value > 0 && value <= 2_147_483) return value;
  throw new ConfigError(`--${flag} ${text}: a number of seconds is needed, as 60`);
}

function parseCount(flag: string, text: string | undefined): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new ConfigError(`--${flag} ${text}: a whole number above 0 is needed`);
}

function parseCut(text: string | undefined): "relay" | "iptables" {
  if (text === "relay" || text === "iptables") return text;
  throw new ConfigError(`--cut ${text}: it is relay or iptables`);
}
