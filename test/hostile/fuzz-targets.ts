import { type ProxyProcess, startProxy } from "../../src/testing/proxy-process.ts";
import { Random } from "../model/random.ts";
import { demand, type HostileKind, show, talk, Tally } from "./fuzz-kind.ts";
import { readAnswers } from "./fuzz-wire.ts";
import { type RawUpstream, startRawUpstream } from "./raw-upstream.ts";

/** What targets are made of: what is plain, and what readers of URLs treat in ways of their own. */
const parts = [
  ..."/////....%%%\\\\#?&=;:@[]{}|^`'\"<>~!$*+,-_()abz09".split(""),
  "%2e",
  "%2E",
  "%2f",
  "%5c",
  "%5C",
  "%00",
  "%zz",
  "%",
  "\x7f",
  "\x01",
  "\t",
  "\xa0",
  "\xc3\xbc",
  "\xff",
  "api",
  "/api/v1/namespaces/",
  "/apis/apps/v1/",
  "configmaps",
  "watch",
  "http://",
  "//h/",
  "..",
  "/../",
  "/./",
];

const hosts = [
  "localhost",
  "127.0.0.1:8",
  "LOCALHOST",
  "evil.example",
  "[::1]",
  "a b",
  "a:99999",
  "",
];

/** What the proxy's --server-addr has for a path. */
export const targetPrefix = "/k8s/clusters/c1";

interface TargetRequest {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly hasToken: boolean;
}

function generateRequest(random: Random): TargetRequest {
  const length = 1 + random.below(12);
  const target = `/${Array.from({ length }, () => random.pick(parts)).join("")}`;
  const method = random.pick(["GET", "DELETE", "OPTIONS", "PATCH"]);
  return { method, target, host: random.pick(hosts), hasToken: random.below(2) === 0 };
}

/**
 * Sends random targets to random hosts. Each is answered with 200 and arrives upstream byte for byte as it was sent, or with
 * 400 or 403 and does not arrive.
 */
export async function checkTargets(
  proxy: Pick<ProxyProcess, "url">,
  upstream: RawUpstream,
  random: Random,
  rounds: number,
): Promise<Tally> {
  const tally = new Tally();
  for (let round = 0; round < rounds; round++) {
    upstream.arrivals.length = 0;
    const sent = Array.from({ length: 20 }, () => generateRequest(random));
    const statuses = await Promise.all(
      sent.map((request, at) => statusOf(proxy.url, request, `${round}.${at}`)),
    );
    for (const [at, { method, target, host }] of sent.entries()) {
      const nr = `x-nr: ${round}.${at}`;
      const arrived = upstream.arrivals
        .filter(({ lines }) => lines.some((line) => line.toLowerCase() === nr))
        .map((each) => `${each.method} ${each.target}`);
      const status = statuses[at];
      const what = () => `${method} ${show(target)} to ${host}: ${status}, ${show(arrived.join())}`;
      demand([200, 400, 403].includes(status ?? 0), "a target is served or refused", what);
      const expected = status === 200 ? [`${method} ${targetPrefix}${target}`] : [];
      demand(arrived.join("\n") === expected.join("\n"), "what is sent is what came", what);
      tally.add(status === 200 ? "served" : "refused");
    }
  }
  return tally;
}

async function statusOf(
  url: string,
  { method, target, host, hasToken }: TargetRequest,
  nr: string,
): Promise<number | undefined> {
  const lines = [`X-Nr: ${nr}`, ...(hasToken ? ["Authorization: Bearer x"] : [])];
  const head = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...lines];
  const bytes = `${head.join("\r\n")}\r\nConnection: close\r\n\r\n`;
  const { text, isClosed } = await talk(url, [bytes], { isEnough: () => false });
  return readAnswers(text, () => method, isClosed).answers[0]?.status;
}

/** Random request targets and hosts. */
export const targets: HostileKind = {
  name: "targets",
  open: async (options) => {
    const upstream = startRawUpstream();
    const proxy = await startProxy({ ...options, server: `${upstream.url}${targetPrefix}` });
    return {
      run: async (seed) =>
        (await checkTargets(proxy, upstream, new Random(seed), roundsPerSeed)).counts,
      output: () => proxy.output(),
      stop: async () => {
        await proxy.stop();
        upstream.stop();
      },
    };
  },
};

const roundsPerSeed = 20;
