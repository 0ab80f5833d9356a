import { describe, expect, test } from "bun:test";

import { createCertificate } from "../testing/certificate.ts";
import { freePort } from "../testing/child-process.ts";
import { canConnect } from "./connection-check.ts";

const fetchNothing = () => new Response("");

describe("canConnect", () => {
  test("is true where something listens, with TLS or without", async () => {
    const plain = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: fetchNothing });
    const tls = createCertificate();
    const secure = Bun.serve({ hostname: "127.0.0.1", port: 0, tls, fetch: fetchNothing });
    expect(await canConnect(`http://127.0.0.1:${plain.port}`)).toBe(true);
    expect(await canConnect(`https://127.0.0.1:${secure.port}/prefix`)).toBe(true);
    await plain.stop(true);
    await secure.stop(true);
  });

  test("is false where nothing listens", async () => {
    expect(await canConnect(`http://127.0.0.1:${freePort()}`)).toBe(false);
    expect(await canConnect("http://does-not-exist.invalid")).toBe(false);
  });

  test("is false within the limit where the handshake does not go on", async () => {
    const mute = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    expect(await canConnect(`https://127.0.0.1:${mute.port}`)).toBe(false);
    mute.stop(true);
  });
});
