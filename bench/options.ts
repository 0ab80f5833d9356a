import { parseArgs } from "node:util";

/** Another server that answers for the same apiserver. */
export interface NamedTarget {
  readonly name: string;
  readonly url: string;
}

export interface Options {
  /** Names of scenarios; all of them when empty. */
  readonly scenarios: readonly string[];
  /** How long each target of each scenario is measured. */
  readonly seconds: number;
  readonly jsonFile: string | undefined;
  /** Tables and plots on one page. */
  readonly htmlFile: string | undefined;
  /** The comparison of `list-hit` as a picture. */
  readonly svgFile: string | undefined;
  readonly targets: readonly NamedTarget[];
  /** The compiled binary; the repository's own when undefined. */
  readonly proxyBinary: string | undefined;
  readonly pins: boolean;
  readonly asks: "run" | "list" | "help";
}

/** What the command line asks for. Throws an Error whose message is one line for the user. */
export function parseOptions(args: readonly string[], known: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seconds: { type: "string", default: "6" },
      json: { type: "string" },
      html: { type: "string" },
      svg: { type: "string" },
      target: { type: "string", multiple: true, default: [] },
      proxy: { type: "string" },
      "no-pin": { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`no scenario is called ${unknown}; there are ${known.join(", ")}`);
  if (values.svg !== undefined && positionals.length > 0 && !positionals.includes("list-hit"))
    throw new Error("--svg: it shows the scenario list-hit, which is not among those named");
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw new Error(`--seconds ${values.seconds}: a positive number is needed`);
  return {
    scenarios: positionals,
    seconds,
    jsonFile: values.json,
    htmlFile: values.html,
    svgFile: values.svg,
    targets: values.target.map((text) => parseTarget(text)),
    proxyBinary: values.proxy,
    pins: !values["no-pin"],
    asks: values.help ? "help" : values.list ? "list" : "run",
  };
}

function parseTarget(text: string): NamedTarget {
  const at = text.indexOf("=");
  const url = text.slice(at + 1);
  if (at < 1 || !/^http:\/\/[^/]+:\d+$/.test(url))
    throw new Error(`--target ${text}: NAME=http://HOST:PORT is needed`);
  return { name: text.slice(0, at), url };
}
