import { ConfigError } from "../../src/config/error.ts";
import { parseArgs } from "./args.ts";
import { relayFlags } from "./flags.ts";
import { relayHelpText } from "./help.ts";
import { parseControl, textOf } from "./options.ts";
import { startRelayControl } from "./relay-control.ts";
import { startRelay } from "./relay.ts";

/** `benchmark relay`: runs until the signal aborts. Rejects with a ConfigError for a flag that cannot be used. */
export async function runRelayCommand(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const given = parseArgs(argv, relayFlags);
  if (given.has("help")) return void process.stdout.write(relayHelpText());
  const text = (name: string) => textOf(given, relayFlags, name);
  const listen = parseAddress("listen", text("listen"));
  const to = parseAddress("to", text("to") ?? podApiserver(process.env));
  const control = parseControl("control", text("control") ?? "");
  const relay = await startRelay(listen, to).catch((error: unknown) => {
    throw new ConfigError(`--listen ${text("listen")}: ${messageOf(error)}`);
  });
  const controls = begin(() => startRelayControl(relay, control), control);
  process.stderr.write(
    `relay from ${text("listen")} to ${to.hostname}:${to.port}, control at ${control}\n`,
  );
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await controls.stop();
  relay.stop();
}

function begin<Value>(start: () => Value, control: string): Value {
  try {
    return start();
  } catch (error) {
    throw new ConfigError(`--control ${control}: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Where a pod reaches the apiserver of its cluster; undefined elsewhere. */
function podApiserver(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (host === undefined || port === undefined) return undefined;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** `HOST:PORT`; a URL without a path is taken as well, since that is how a kubeconfig has it. */
function parseAddress(
  flag: string,
  text: string | undefined,
): { readonly hostname: string; readonly port: number } {
  if (text === undefined)
    throw new ConfigError(`--${flag}: needed; the apiserver's HOST:PORT, as 10.0.0.1:6443`);
  const [, scheme, ipv6, host, digits] =
    /^(https?:\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@[\]]+))(?::(\d{1,5}))?\/?$/.exec(text) ?? [];
  const hostname = ipv6 ?? host;
  const port = Number(
    digits ?? (scheme === "https://" ? 443 : scheme === "http://" ? 80 : Number.NaN),
  );
  if (hostname === undefined || !(port >= 0 && port <= 65_535))
    throw new ConfigError(`--${flag} ${text}: HOST:PORT is needed, as 127.0.0.1:6443`);
  return { hostname, port };
}
