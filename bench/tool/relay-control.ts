import type { Relay } from "./relay.ts";

/** Where a relay is told what to do. */
export interface RelayControl {
  stop(): Promise<void>;
}

/** A cut that nobody ends is over after so many seconds. */
const usualSeconds = 60;

/**
 * Listens at `HOST:PORT` or `unix:PATH` for `POST /cut?seconds=N`, `POST /restore` and `GET /state`; each is answered with the
 * state as JSON. What a browser's page sends is refused. Throws when nobody may listen there.
 */
export function startRelayControl(relay: Relay, control: string): RelayControl {
  let timer: Timer | undefined;
  const restore = () => {
    clearTimeout(timer);
    relay.restore();
  };
  const fetch = (request: Request): Response => {
    const { pathname, searchParams } = new URL(request.url);
    const asked = `${request.method} ${pathname}`;
    const seconds = Number(searchParams.get("seconds") ?? usualSeconds);
    if (request.headers.has("origin")) return new Response("not for pages\n", { status: 403 });
    if (asked === "POST /cut") {
      if (!(seconds > 0 && seconds <= 3600))
        return new Response("seconds: above 0, at most 3600\n", { status: 400 });
      clearTimeout(timer);
      relay.cut();
      timer = setTimeout(restore, seconds * 1000);
    } else if (asked === "POST /restore") restore();
    else if (asked !== "GET /state")
      return new Response("POST /cut?seconds=N, POST /restore, GET /state\n", { status: 404 });
    return Response.json(relay.state);
  };
  const server = control.startsWith("unix:")
    ? Bun.serve({ unix: control.slice("unix:".length), development: false, fetch })
    : Bun.serve({ ...addressOf(control), development: false, fetch });
  return {
    stop: async () => {
      restore();
      await server.stop(true);
    },
  };
}

function addressOf(control: string): { readonly hostname: string; readonly port: number } {
  const at = control.lastIndexOf(":");
  return {
    hostname: control.slice(0, at).replace(/^\[|\]$/g, ""),
    port: Number(control.slice(at + 1)),
  };
}
