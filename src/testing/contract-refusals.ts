import { describe, expect, test } from "bun:test";

import { encodeContinue } from "../api/continue-token.ts";
import { call, type ContractTarget, expectStatus, json } from "./contract-client.ts";
import { type Fixture, inNamespace } from "./contract-fixture.ts";

/** Errors, and in which words. */
export function describeRefusals(target: () => ContractTarget): void {
  const it = (name: string, run: (fixture: Fixture) => Promise<void>) =>
    test.concurrent(name, inNamespace(target, run), 30_000);

  describe("an error", () => {
    it("404 names what was not found", async (f) => {
      await f.warmUp();
      const answer = await f.call("configmaps/zz");
      expect(answer.text).toBe(
        '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"configmaps \\"zz\\" not found","reason":"NotFound","details":{"name":"zz","kind":"configmaps"},"code":404}\n',
      );
      expect(answer.status).toBe(404);
    });
    it("404 of a custom resource names the group", async (f) => {
      await f.warmUp("widgets");
      expectStatus(await f.call("widgets/zz"), 404, {
        message: 'widgets.example.com "zz" not found',
        details: { name: "zz", group: "example.com", kind: "widgets" },
      });
    });
    it("404 of a resource or path that is not served", async (f) => {
      expectStatus(await f.call("nonsense"), 404, {
        message: "the server could not find the requested resource",
        reason: "NotFound",
      });
      const answer = await call(target(), "/nonsense");
      expect([answer.status, answer.text]).toEqual([404, "404 page not found\n"]);
    });
    it("405 for a method that the path does not have", async (f) => {
      for (const method of ["PUT", "PATCH"]) {
        expectStatus(await f.call("configmaps", { method, body: {} }), 405, {
          message: "the server does not allow this method on the requested resource",
          reason: "MethodNotAllowed",
        });
      }
    });
    it("400 for a name that no object has", async (f) => {
      await f.warmUp();
      expectStatus(await f.call("configmaps/a%25"), 400, {
        message: "Name parameter invalid: \"a%\": may not contain '%'",
        reason: "BadRequest",
      });
    });
    it("406 for a media type that is not spoken", async (f) => {
      await f.warmUp();
      const answer = await f.call("configmaps", { headers: { Accept: "text/html" } });
      expectStatus(answer, 406, { reason: "NotAcceptable" });
      expect(json(answer).message).toStartWith(
        "406: Not Acceptable\n\nAvailable representations: ",
      );
    });
    it("406 for a custom resource in protobuf, as protobuf", async (f) => {
      await f.warmUp("widgets");
      const answer = await f.call("widgets", {
        headers: { Accept: "application/vnd.kubernetes.protobuf" },
      });
      expect(answer.status).toBe(406);
      expect(answer.headers.get("content-type")).toBe("application/vnd.kubernetes.protobuf");
      expect(answer.text).toStartWith("k8s\0");
    });
    it("409 for a name that exists", async (f) => {
      await f.create("a");
      const answer = await f.call("configmaps", {
        method: "POST",
        body: { metadata: { name: "a" } },
      });
      expectStatus(answer, 409, {
        message: 'configmaps "a" already exists',
        reason: "AlreadyExists",
        details: { name: "a", kind: "configmaps" },
      });
    });
    it("409 for an update from an older resourceVersion", async (f) => {
      const old = await f.create("a");
      await f.merge("configmaps/a", { data: { k: "1" } });
      const answer = await f.call("configmaps/a", { method: "PUT", body: old });
      expectStatus(answer, 409, {
        message:
          'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
        reason: "Conflict",
      });
    });
    it("409 for a precondition that does not hold", async (f) => {
      await f.create("a");
      const body = { preconditions: { uid: "other" } };
      const answer = await f.call("configmaps/a", { method: "DELETE", body });
      expectStatus(answer, 409, { reason: "Conflict", details: { name: "a", kind: "ConfigMap" } });
    });
    it("415 for a body in an unknown format", async (f) => {
      const html = { contentType: "text/html", body: "x" };
      expectStatus(await f.call("configmaps", { method: "POST", ...html }), 415, {
        reason: "UnsupportedMediaType",
      });
      await f.create("a");
      const patch = { method: "PATCH", contentType: "application/foo", body: {} };
      expectStatus(await f.call("configmaps/a", patch), 415, { reason: "UnsupportedMediaType" });
    });
    it("400 for a body that is no object, or another's", async (f) => {
      expectStatus(await f.call("configmaps", { method: "POST", body: "{" }), 400, {
        reason: "BadRequest",
      });
      const body = { metadata: { name: "a", namespace: "other" } };
      expectStatus(await f.call("configmaps", { method: "POST", body }), 400, {
        message:
          "the namespace of the provided object does not match the namespace sent on the request",
      });
    });
    it("422 for a JSON patch whose test fails", async (f) => {
      await f.create("a", { data: { k: "1" } });
      const contentType = "application/json-patch+json";
      const body = [{ op: "test", path: "/data/k", value: "2" }];
      const answer = await f.call("configmaps/a", { method: "PATCH", contentType, body });
      expectStatus(answer, 422, { reason: "Invalid" });
    });
    it("401 for a token that nobody knows", async (f) => {
      await f.warmUp();
      const headers = { Authorization: "Bearer nobody" };
      expectStatus(await f.call("configmaps", { headers }), 401, { reason: "Unauthorized" });
    });
    it("403 for who may not, whatever others may", async (f) => {
      await f.warmUp();
      const headers = { Authorization: "Bearer alice-token" };
      expectStatus(await f.call("configmaps", { headers }), 403, {
        message: `configmaps is forbidden: User "alice" cannot list resource "configmaps" in API group "" in the namespace "${f.namespace}"`,
        reason: "Forbidden",
      });
    });
    it("410 for an exact version and a token that are compacted", async (f) => {
      await f.create("a");
      const exact = "configmaps?resourceVersion=2&resourceVersionMatch=Exact";
      // The suite's apiservers compact every few seconds.
      for (let tries = 0; tries < 100; tries += 1) {
        if ((await f.call(exact)).status === 410) break;
        await Bun.sleep(250);
      }
      expectStatus(await f.call(exact), 410, { reason: "Expired" });
      const answer = await f.call(`configmaps?limit=1&continue=${encodeContinue("2", "a\0")}`);
      expectStatus(answer, 410, { reason: "Expired" });
      const rest = await f.list(`configmaps?continue=${json(answer).metadata.continue}`);
      expect(rest.items).toEqual([]);
    });
  });
}
