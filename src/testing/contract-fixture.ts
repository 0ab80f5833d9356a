import { expect } from "bun:test";

import { waitUntil } from "./child-process.ts";
import {
  type Answer,
  type Call,
  call,
  type ContractTarget,
  type Endpoint,
  json,
  type Loose,
  type Watch,
  watch,
} from "./contract-client.ts";

/** What a test works with: a namespace of its own on the target. */
export class Fixture {
  readonly target: ContractTarget;
  readonly namespace: string;
  readonly #watches: Watch[] = [];

  constructor(target: ContractTarget, namespace: string) {
    this.target = target;
    this.namespace = namespace;
  }

  /** The path of a resource in this namespace: `configmaps`, `configmaps/a`, `widgets?limit=1`. */
  path(rest: string): string {
    const resource = rest.split(/[/?]/)[0] ?? "";
    const prefix = { widgets: "/apis/example.com/v1", deployments: "/apis/apps/v1" }[resource];
    return `${prefix ?? "/api/v1"}/namespaces/${this.namespace}/${rest}`;
  }

  call(rest: string, options: Call = {}): Promise<Answer> {
    return call(this.target, this.path(rest), options);
  }

  /** Around the proxy. */
  direct(rest: string, options: Call = {}): Promise<Answer> {
    return call(this.target.direct, this.path(rest), options);
  }

  async list(rest: string, options: Call = {}): Promise<Loose> {
    const answer = await this.call(rest, options);
    expect(answer.status, answer.text).toBe(200);
    return json(answer);
  }

  /** Creates a configmap, or another object, through the target; the object as it was answered. */
  async create(name: string, more: Loose = {}, resource = "configmaps"): Promise<Loose> {
    const { labels, finalizers, ...body } = more;
    const metadata = { name, ...(labels ? { labels } : {}), ...(finalizers ? { finalizers } : {}) };
    const type = resource === "widgets" ? { apiVersion: "example.com/v1", kind: "Widget" } : {};
    const answer = await this.call(resource, {
      method: "POST",
      body: { ...type, metadata, ...body },
    });
    expect(answer.status, answer.text).toBe(201);
    return json(answer);
  }

  async merge(rest: string, patch: Loose): Promise<Loose> {
    const contentType = "application/merge-patch+json";
    const answer = await this.call(rest, { method: "PATCH", contentType, body: patch });
    expect(answer.status, answer.text).toBe(200);
    return json(answer);
  }

  async remove(rest: string): Promise<Loose> {
    const answer = await this.call(rest, { method: "DELETE" });
    expect(answer.status, answer.text).toBe(200);
    return json(answer);
  }

  /** Opens a watch that the end of the test closes. */
  async watch(rest: string, options: Call = {}): Promise<Watch> {
    const separator = rest.includes("?") ? "&" : "?";
    const opened = await watch(this.target, this.path(`${rest}${separator}watch=1`), options);
    this.#watches.push(opened);
    return opened;
  }

  /** Opens a watch over all namespaces that the end of the test closes: on a proxy a scope that covers it. */
  async watchAll(rest: string): Promise<Watch> {
    const separator = rest.includes("?") ? "&" : "?";
    const opened = await watch(this.target, `/api/v1/${rest}${separator}watch=1`);
    this.#watches.push(opened);
    return opened;
  }

  /**
   * On a warm target: a watch that stays open and equal LISTs make the scope live, until a LIST is seen to come from the cache.
   * On any other nothing.
   */
  async warmUp(resource = "configmaps", options: Call = {}): Promise<void> {
    if (this.target.warm !== true) return;
    const separator = resource.includes("?") ? "&" : "?";
    await this.watch(`${resource}${separator}allowWatchBookmarks=true`, options);
    const isCached = async () =>
      (await this.call(resource, options)).headers.get("x-edge-proxy") === "cache";
    await waitUntil(`LIST ${resource} comes from the cache`, isCached, 8);
  }

  close(): void {
    for (const opened of this.#watches) opened.close();
  }
}

/** Three configmaps, `a` and `c` of the web, `b` of the db, in a scope that is live; the last one's resourceVersion. */
export async function seeded(fixture: Fixture): Promise<string> {
  await fixture.create("a", { labels: { app: "web", tier: "x" } });
  await fixture.create("b", { labels: { app: "db" } });
  const last = await fixture.create("c", { labels: { app: "web" } });
  await fixture.warmUp();
  return last.metadata.resourceVersion;
}

let count = 0;

/** A test's body in a namespace of its own. */
export function inNamespace(
  target: () => ContractTarget,
  run: (fixture: Fixture) => Promise<void>,
): () => Promise<void> {
  return async () => {
    count += 1;
    const namespace = `contract-${count}-${crypto.randomUUID().slice(0, 8)}`;
    const body = { metadata: { name: namespace } };
    const made = await call(target().direct, "/api/v1/namespaces", { method: "POST", body });
    expect(made.status, made.text).toBe(201);
    const fixture = new Fixture(target(), namespace);
    try {
      await run(fixture);
    } finally {
      fixture.close();
    }
  };
}

/** The definition of `widgets`, for apiservers that do not have it yet; waits until it is served. */
export async function installWidgets(target: ContractTarget): Promise<void> {
  if (target.isFake) return;
  await installCustomType(target.direct, { plural: "widgets", kind: "Widget" });
}

/** Defines a namespaced type of example.com/v1 that takes all fields; waits until it is served. */
export async function installCustomType(
  apiserver: Endpoint,
  { plural, kind }: { readonly plural: string; readonly kind: string },
): Promise<void> {
  const schema = {
    openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  };
  const version = { name: "v1", served: true, storage: true, subresources: { status: {} }, schema };
  const called = { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` };
  const body = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.example.com` },
    spec: { group: "example.com", scope: "Namespaced", names: called, versions: [version] },
  };
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  await call(apiserver, path, { method: "POST", body });
  const isServed = async () =>
    (await call(apiserver, `/apis/example.com/v1/${plural}`)).status === 200;
  await waitUntil(`${plural} are served`, isServed, 20);
}
