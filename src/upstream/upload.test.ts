import { describe, expect, test } from "bun:test";

import { watchedUpload } from "./upload.ts";

describe("watchedUpload", () => {
  test("passes the body as it comes", async () => {
    const body = new Blob(["a".repeat(100_000)]).stream();
    expect(await new Response(watchedUpload(body).body).text()).toBe("a".repeat(100_000));
  });

  test("breaks with a 408 Status when the caller falls silent", async () => {
    const silent = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array([1])),
    });
    const reading = new Response(watchedUpload(silent, 20).body).bytes();
    expect(reading).rejects.toMatchObject({ status: { code: 408, reason: "Timeout" } });
  });

  test("is nobody's silence while nothing is asked for", async () => {
    const { body, hasBegun } = watchedUpload(new Blob(["late"]).stream(), 10);
    await Bun.sleep(40);
    expect(hasBegun()).toBe(false);
    expect(await new Response(body).text()).toBe("late");
    expect(hasBegun()).toBe(true);
  });
});
