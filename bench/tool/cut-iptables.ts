import { lookup } from "node:dns/promises";

import type { Link } from "./link.ts";

type Rule = readonly [command: string, chain: string, ...match: string[]];

/**
 * Drops all packets of this machine to and from the apiserver. In the table `raw`, which comes before address translation:
 * a service's address is still the one that was called. Rejects with what to do where the rights are not there.
 */
export async function openIptables({ hostname, port, protocol }: URL): Promise<Link> {
  const number = port === "" ? (protocol === "https:" ? "443" : "80") : port;
  const addresses = await lookup(hostname.replace(/^\[|\]$/g, ""), { all: true });
  const rules = addresses.flatMap(({ address, family }) => rulesOf(address, family, number));
  for (const [command] of rules) await mustHaveRights(command);
  const restore = async () => {
    // One after another: each holds the lock of xtables.
    for (const rule of rules) await change(rule, "-D");
  };
  return {
    description: `iptables, ${addresses.map(({ address }) => address).join(", ")} port ${number}`,
    cut: async () => {
      for (const rule of rules) {
        const failure = await change(rule, "-I");
        if (failure === undefined) continue;
        await restore();
        throw new Error(`--cut iptables: ${failure}`);
      }
    },
    restore,
    connections: async () => undefined,
  };
}

function rulesOf(address: string, family: number, port: string): readonly Rule[] {
  const command = family === 6 ? "ip6tables" : "iptables";
  return [
    [command, "OUTPUT", "-p", "tcp", "-d", address, "--dport", port],
    [command, "PREROUTING", "-p", "tcp", "-s", address, "--sport", port],
  ];
}

async function mustHaveRights(command: string): Promise<void> {
  const failure =
    Bun.which(command) === null
      ? `${command} is not installed`
      : await run([command, "-w", "-t", "raw", "-L", "-n"]);
  if (failure !== undefined)
    throw new Error(`--cut iptables: ${failure}; use --cut relay, which needs no rights (--help)`);
}

function change([command, chain, ...match]: Rule, how: "-I" | "-D"): Promise<string | undefined> {
  return run([command, "-w", "-t", "raw", how, chain, ...match, "-j", "DROP"]);
}

/** What it said when it failed; undefined when it did not. */
async function run(command: readonly string[]): Promise<string | undefined> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  return (await child.exited) === 0
    ? undefined
    : (said.trim().split("\n")[0] ?? "it failed without a word");
}
