// Where to listen and whom to reach. A parser throws a ConfigError without the flag's name, which its caller puts before it.

import { ConfigError } from "./error.ts";

/** A host and a port to listen on; an IPv6 address has no brackets. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

/** A host and port to listen on: `127.0.0.1:10261`, `[::1]:0`, `localhost:10261`, `:10261` for all addresses. */
export function parseAddress(text: string): ListenAddress {
  const [, ipv6, host, digits] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    throw new ConfigError(
      `${JSON.stringify(text)} is no address; write it as 127.0.0.1:10261 or [::1]:10261`,
    );
  }
  const hostname = ipv6 ?? host ?? "";
  return { hostname: hostname === "" ? "::" : hostname, port };
}

/** As `parseAddress`; `off` and `0` mean none. */
export function parseOptionalAddress(text: string): ListenAddress | undefined {
  return text === "off" || text === "0" || text === "false" ? undefined : parseAddress(text);
}

/** A listen address in the form it is given in. */
export function formatAddress({ hostname, port }: ListenAddress): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** The URL of an apiserver without a slash at its end; http and https, a path may follow the host. */
export function parseServerUrl(text: string): string {
  const url = /^https?:\/\/[^/]/.test(text) ? URL.parse(text) : null;
  if (url === null) {
    throw new ConfigError(`${JSON.stringify(text)} is no URL; write it as https://host:6443`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new ConfigError("only scheme, host, port and path; write it as https://host:6443");
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}
