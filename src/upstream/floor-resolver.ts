import type { GroupVersionResource } from "../api/group-version-resource.ts";
import type { Labels } from "../api/item.ts";
import { parseResourceVersion, type ResourceVersion } from "../api/resource-version.ts";
import { serviceUnavailable } from "../api/status.ts";
import type { Apiserver, Lane } from "./apiserver.ts";
import { resourcePath } from "./resource-path.ts";

/** Small questions of our own must be answered by then (CONTRACT 19). */
const askMs = 5000;

const metadataList =
  "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;q=0.9";
const metadataOnly =
  "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;q=0.9";

interface Place {
  readonly gvr: GroupVersionResource;
  readonly namespace: string;
}

interface ObjectMetadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly labels?: Labels;
}

/**
 * Asks upstream for versions, with the proxy's own credentials. Fits cache/session-floors.ts by shape. `checked` tells whether it
 * has answered which cluster it is: until then its numbers say nothing (CONTRACT 17).
 */
export class UpstreamFloorResolver {
  readonly #apiserver: Apiserver;
  readonly #checked: () => Promise<"answered" | "not answered">;
  #asking = new Map<string, Promise<ResourceVersion>>();

  constructor(apiserver: Apiserver, checked: () => Promise<"answered" | "not answered">) {
    this.#apiserver = apiserver;
    this.#checked = checked;
  }

  /** The resourceVersion of a consistent `limit=1` metadata LIST. Rejects when there is none. */
  latest(scope: Place): Promise<ResourceVersion> {
    return this.#latest(scope, "bulk");
  }

  async #latest({ gvr, namespace }: Place, lane: Lane): Promise<ResourceVersion> {
    const target = `${resourcePath(gvr, namespace)}?limit=1`;
    if ((await this.#checked()) === "not answered")
      throw serviceUnavailable("it is not known yet which cluster upstream is");
    const response = await this.#ask(target, metadataList, lane);
    const { metadata } = (await response.json()) as { metadata?: ObjectMetadata };
    if (response.status !== 200)
      throw serviceUnavailable(`upstream answered ${response.status} to ${target}`);
    return parseResourceVersion(metadata?.resourceVersion ?? "");
  }

  /** The same, shared by all who ask before the request is sent. */
  latestShared(scope: Place): Promise<ResourceVersion> {
    return this.#shared(scope, "bulk");
  }

  /**
   * The same over the connection that carries watches: a watch that follows has its bookmark only from the server that was
   * asked, and behind a balancer each connection may lead to another one (CONTRACT 5).
   */
  latestBesideWatches(scope: Place): Promise<ResourceVersion> {
    return this.#shared(scope, "watch");
  }

  #shared(scope: Place, lane: Lane): Promise<ResourceVersion> {
    const key = `${lane} ${resourcePath(scope.gvr, scope.namespace)}`;
    const there = this.#asking.get(key);
    if (there !== undefined) return there;
    const asking = Promise.resolve().then(() => {
      this.#asking.delete(key);
      return this.#latest(scope, lane);
    });
    this.#asking.set(key, asking);
    return asking;
  }

  /** The object's metadata; undefined where it is gone or may not be read. */
  async object(gvr: GroupVersionResource, namespace: string, name: string) {
    const response = await this.#ask(resourcePath(gvr, namespace, name), metadataOnly);
    if (response.status !== 200) {
      await response.body?.cancel();
      return undefined;
    }
    const { metadata } = (await response.json()) as { metadata?: ObjectMetadata };
    return {
      namespace: metadata?.namespace ?? "",
      name: metadata?.name ?? name,
      uid: metadata?.uid ?? "",
      resourceVersion: parseResourceVersion(metadata?.resourceVersion ?? ""),
      labels: metadata?.labels ?? {},
      fields: undefined,
    };
  }

  #ask(target: string, accept: string, lane: Lane = "bulk"): Promise<Response> {
    return this.#apiserver.fetch({
      method: "GET",
      target,
      headers: new Headers({ accept }),
      identity: "own",
      lane,
      signal: AbortSignal.timeout(askMs),
      headMs: askMs,
      encoding: "decode",
    });
  }
}
