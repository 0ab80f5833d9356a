/** `bun bench/forward-server.ts FILE`: the least that Bun can do to send requests on, to the server that the file names; its URL is the first line it prints. */
interface Upstream {
  readonly url: string;
  readonly ca?: string;
  readonly token: string;
}

const { url, ca, token }: Upstream = await Bun.file(process.argv[2] ?? "").json();
const session = new Bun.FetchSession({
  keepAlive: { idleTimeout: 30 },
  tls: ca === undefined ? {} : { ca },
});

async function forward(request: Request): Promise<Response> {
  const { signal } = request;
  const headers = new Headers(request.headers);
  headers.set("authorization", `Bearer ${token}`);
  const target = url + request.url.slice(request.url.indexOf("/", "http://".length));
  const answer = await session.fetch(target, { headers, signal, decompress: false });
  return new Response(await answer.bytes(), { status: answer.status, headers: answer.headers });
}

const server = Bun.serve({ hostname: "127.0.0.1", port: 0, development: false, fetch: forward });
console.log(`http://127.0.0.1:${server.port}`);
