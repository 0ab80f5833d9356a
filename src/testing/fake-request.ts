import { parseQuery } from "../api/query.ts";
import { type ResourceRequest } from "../api/request-info.ts";
import { badRequest } from "../api/status.ts";
import { failure } from "./fake-failures.ts";
import { isJsonObject, type JsonObject } from "./fake-json.ts";
import { type FakeStore } from "./fake-store.ts";
import { type FakeType } from "./fake-types.ts";
import { type FakeWrite } from "./fake-write.ts";

/** A request for a resource, its body read. */
export interface FakeRequest {
  readonly info: ResourceRequest;
  readonly query: string;
  readonly accept: string;
  readonly userAgent: string;
  readonly contentType: string;
  readonly body: string;
}

/** The one object that the request is for. */
export function toWrite(store: FakeStore, type: FakeType, { info, query }: FakeRequest): FakeWrite {
  const isDryRun = parseQuery(query).get("dryRun") === "All";
  return {
    store,
    type,
    namespace: info.namespace,
    name: info.name,
    subresource: info.subresource,
    isDryRun,
  };
}

const bodyTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/** The body as an object; `kind` is for the words of the 400. Throws 415 as well. */
export function parseBody(
  { kind }: Pick<FakeType, "kind">,
  { contentType, body }: FakeRequest,
): JsonObject {
  if (contentType !== "" && !contentType.startsWith("application/json")) {
    throw failure(
      415,
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - accepted media types include: ${bodyTypes.join(", ")}`,
    );
  }
  try {
    const parsed: unknown = JSON.parse(body);
    if (isJsonObject(parsed)) return parsed;
  } catch (error) {
    const why = `couldn't get version/kind; json parse error: ${String(error)}`;
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): ${why} (${body})`,
    );
  }
  throw badRequest(`the object provided is unrecognized (must be of type ${kind})`);
}
