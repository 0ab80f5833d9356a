import { describe, expect, test } from "bun:test";

import { createCertificate } from "../testing/certificate.ts";
import { freePort } from "../testing/child-process.ts";
import { credentialsFor } from "../testing/credentials.ts";
import type { Credentials } from "./credentials.ts";
import { type ProbeReport, sendProbe } from "./health-probe.ts";

function credentials(server: string, tls: Partial<Credentials["tls"]> = {}): Credentials {
  return credentialsFor(server, {
    tls: { rejectUnauthorized: true, ...tls },
    authorization: "Bearer secret",
  });
}

/** All that a probe tells until its outcome. */
function outcome(of: Credentials): Promise<readonly ProbeReport[]> {
  const told: ProbeReport[] = [];
  return new Promise((resolve) => {
    sendProbe(of, (report) => {
      told.push(report);
      if (report.is !== "handshaken") resolve(told);
    });
  });
}

const certificate = createCertificate();
const failed = (how: "refused" | "broken") => ({ is: "failed", how }) as const;

/** Answers with what it was asked, by the headers of its answer. */
function serve(init: {
  readonly status: number;
  readonly tls?: typeof certificate;
  readonly hostname?: string;
}) {
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: init.hostname ?? "127.0.0.1",
    port: 0,
    ...(init.tls === undefined ? {} : { tls: init.tls }),
    fetch: (request) => {
      const { pathname, search } = new URL(request.url);
      asked.push(`${pathname}${search} ${request.headers.get("authorization")}`);
      return new Response("x", { status: init.status, headers: { "Audit-Id": "a" } });
    },
  });
  return { asked, port: server.port, stop: () => server.stop(true) };
}

describe("sendProbe", () => {
  test("asks with the proxy's credentials, and tells of TLS and the answer", async () => {
    const server = serve({ status: 401, tls: certificate });
    const { cert: ca } = certificate;
    expect(await outcome(credentials(`https://127.0.0.1:${server.port}/prefix`, { ca }))).toEqual([
      { is: "handshaken" },
      { is: "answered", status: 401, hasAuditId: true },
    ]);
    expect(server.asked).toEqual(["/prefix/livez?exclude=etcd Bearer secret"]);
    await server.stop();
  });

  test("asks without TLS", async () => {
    const server = serve({ status: 500 });
    expect(await outcome(credentials(`http://localhost:${server.port}`))).toEqual([
      { is: "answered", status: 500, hasAuditId: true },
    ]);
    await server.stop();
  });

  test.each([
    ["another authority", { ca: createCertificate().cert }, failed("refused")],
    ["another name", { ca: certificate.cert, serverName: "other.example" }, failed("refused")],
    ["anyone", { rejectUnauthorized: false }, { is: "handshaken" } as const],
  ])("shows its token to none but the server: %s", async (_, tls, told) => {
    const server = serve({ status: 200, tls: certificate });
    const [first] = await outcome(credentials(`https://127.0.0.1:${server.port}`, tls));
    expect(first).toEqual(told);
    expect(server.asked.length).toBe(told.is === "failed" ? 0 : 1);
    await server.stop();
  });

  test("shows it to no server of another name", async () => {
    const server = serve({ status: 200, tls: certificate, hostname: "0.0.0.0" });
    const of = credentials(`https://127.0.0.2:${server.port}`, { ca: certificate.cert });
    expect(await outcome(of)).toEqual([failed("refused")]);
    expect(server.asked).toEqual([]);
    await server.stop();
  });

  test("fails where nobody listens, or where nobody is known by the name", async () => {
    const refused = [failed("refused")];
    expect(await outcome(credentials(`http://127.0.0.1:${freePort()}`))).toEqual(refused);
    expect(await outcome(credentials("https://does-not-exist.invalid"))).toEqual(refused);
  });

  test.each([
    ["closes", (socket: Bun.Socket) => void socket.end()],
    ["resets", (socket: Bun.Socket) => socket.terminate()],
    ["speaks something else", (socket: Bun.Socket) => void socket.write("SSH-2.0\r\n\r\n")],
  ])("is broken where the server %s", async (_, open) => {
    const socket = { open, data: () => undefined };
    const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket });
    expect(await outcome(credentials(`http://127.0.0.1:${server.port}`))).toEqual([
      failed("broken"),
    ]);
    server.stop(true);
  });

  test("tells nothing once it was given up", async () => {
    const server = serve({ status: 200 });
    const told: ProbeReport[] = [];
    const giveUp = sendProbe(credentials(`http://127.0.0.1:${server.port}`), (report) =>
      told.push(report),
    );
    giveUp();
    await outcome(credentials(`http://127.0.0.1:${server.port}`));
    expect(told).toEqual([]);
    await server.stop();
  });
});
