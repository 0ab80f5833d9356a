import { describe, expect, test } from "bun:test";

import { asResponse } from "../testing/as-response.ts";
import { answerOf, type HeldAnswer, hold, plainBody, unpacking } from "./held-answer.ts";
import { maxHeldBytes } from "./short-body.ts";

const text = "x".repeat(5000);
const passing = { explain: async (error: unknown) => error };

function packed(body: string, headers: Record<string, string> = {}): Response {
  const bytes = Bun.gzipSync(Buffer.from(body));
  return new Response(bytes, { headers: { "content-encoding": "gzip", ...headers } });
}

function readable(held: HeldAnswer): Response | undefined {
  const answer = answerOf(held);
  return answer && asResponse(answer);
}

describe("unpacking", () => {
  test("gives each reader the body without its gzip, and keeps it as it came", async () => {
    const response = packed(text, { "content-length": "43", "x-other": "o" });
    const came = await response.clone().bytes();
    const held = unpacking(await hold(response, passing));
    if (held.is !== "held") throw new Error("it was not held");
    for (let reader = 1; reader <= 3; reader++) {
      const answer = readable(held);
      expect(answer?.headers.get("content-encoding")).toBe(null);
      expect(answer?.headers.get("content-length")).toBe(null);
      expect(answer?.headers.get("x-other")).toBe("o");
      expect(await answer?.text()).toBe(text);
    }
    expect(Buffer.from(held.body.bytes).equals(came)).toBe(true);
    expect(held.headers.get("content-encoding")).toBe("gzip");
    expect(Buffer.from(plainBody(held)).toString()).toBe(text);
  });

  test("gives what was too long to hold as a stream without its gzip", async () => {
    const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(1 << 16))).toString("hex");
    const long = Array.from({ length: 160 }, (_, at) => `${at}${noise}`).join("");
    const response = packed(long);
    const stream = new Response((await response.blob()).stream(), { headers: response.headers });
    const held = unpacking(await hold(stream, passing));
    const answer = readable(held);
    expect([held.is, answer?.headers.get("content-encoding")]).toEqual(["streamed", null]);
    expect(long.length).toBeGreaterThan(maxHeldBytes);
    expect(await answer?.text()).toBe(long);
  });

  test("throws where it is no gzip", async () => {
    const response = new Response("plain words\0\0\0\0", {
      headers: { "content-encoding": "gzip" },
    });
    const held = unpacking(await hold(response, passing));
    expect(() => answerOf(held)).toThrow();
  });

  test("leaves alone what came without", async () => {
    const held = unpacking(await hold(new Response(text), passing));
    expect(await readable(held)?.text()).toBe(text);
    expect(await readable(held)?.text()).toBe(text);
  });
});
