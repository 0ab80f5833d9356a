import { describe, expect, test } from "bun:test";

import { refusedMethod } from "./sent-by-fetch.ts";

describe("refusedMethod", () => {
  test.each(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH"])(
    "%s is sent as it is",
    async (method) => {
      expect(refusedMethod(method)).toBeUndefined();
      const arrived: string[] = [];
      const server = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: (request) => {
          arrived.push(request.method);
          return new Response();
        },
      });
      await fetch(server.url, { method });
      expect(arrived).toEqual([method]);
      await server.stop(true);
    },
  );

  test.each(["get", "delete", "Patch", "BREW", "GETT"])("%s is refused with a 501", (method) => {
    expect(refusedMethod(method)?.status.code).toBe(501);
  });
});
