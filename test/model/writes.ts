import { type Answer, type Call, call, type Loose } from "../../src/testing/contract-client.ts";
import { pathOf } from "./choice.ts";
import type { WriteMove } from "./moves.ts";
import type { Session } from "./session.ts";

/** Performs a write; what its answer promises is owed to all reads from here on, if it went through the proxy. */
export async function runWrite(session: Session, move: WriteMove): Promise<void> {
  const { path, options } = requestOf(session, move);
  const target = move.isDryRun ? `${path}${path.includes("?") ? "&" : "?"}dryRun=All` : path;
  const { proxy, direct } = session.world;
  const answer = await call(move.via === "proxy" ? proxy : direct, target, options).catch(
    (error: unknown) => String(error),
  );
  const status = typeof answer === "string" ? "lost" : answer.status;
  session.count(`write ${move.via}: ${status}`);
  if (move.via === "proxy" && !move.isDryRun) owe(session, move, answer);
}

function merge(body: Loose): Call {
  return { method: "PATCH", contentType: "application/merge-patch+json", body };
}

function requestOf(session: Session, move: WriteMove): { path: string; options: Call } {
  const { resource, namespace, name } = move;
  const path = pathOf(resource, namespace, name);
  switch (move.how) {
    case "create":
      return {
        path: pathOf(resource, namespace),
        options: { method: "POST", body: objectOf(move) },
      };
    case "update":
      return { path, options: { method: "PUT", body: updated(session, move, 0) } };
    case "update of an old version":
      return { path, options: { method: "PUT", body: updated(session, move, 1) } };
    case "patch":
      return { path, options: merge(contentOf(move)) };
    case "patch of nothing":
      return { path, options: merge({}) };
    case "apply": {
      const contentType = "application/apply-patch+yaml";
      const options = { method: "PATCH", contentType, body: objectOf(move) };
      return { path: `${path}?fieldManager=model&force=true`, options };
    }
    case "status":
      return resource === "configmaps"
        ? { path, options: merge(contentOf(move)) }
        : { path: `${path}/status`, options: merge({ status: { phase: move.text } }) };
    case "label":
      return { path, options: merge({ metadata: { labels: { l: move.labels["l"] ?? null } } }) };
    case "drop finalizers":
      return { path, options: merge({ metadata: { finalizers: null } }) };
    case "delete":
      return { path, options: { method: "DELETE" } };
    case "delete at once":
      return { path, options: { method: "DELETE", body: { gracePeriodSeconds: 0 } } };
    case "evict":
      return resource === "pods"
        ? { path: `${path}/eviction`, options: { method: "POST", body: evictionOf(move) } }
        : { path, options: { method: "DELETE" } };
    case "bind":
      return resource === "pods"
        ? { path: `${path}/binding`, options: { method: "POST", body: bindingOf(move) } }
        : { path, options: merge(contentOf(move)) };
    case "delete collection": {
      const selector = `?labelSelector=${encodeURIComponent(`l=${move.labels["l"] ?? "x"}`)}`;
      return { path: pathOf(resource, namespace) + selector, options: { method: "DELETE" } };
    }
  }
}

const kinds = {
  configmaps: { apiVersion: "v1", kind: "ConfigMap" },
  pods: { apiVersion: "v1", kind: "Pod" },
  widgets: { apiVersion: "example.com/v1", kind: "Widget" },
} as const;

function objectOf(move: WriteMove): Loose {
  const { resource, namespace, name, labels, hasFinalizer } = move;
  const finalizers = hasFinalizer ? { finalizers: ["example.com/model"] } : {};
  const metadata = { name, namespace, labels, ...finalizers };
  return { ...kinds[resource], metadata, ...contentOf(move, "whole") };
}

function evictionOf({ namespace, name }: WriteMove): Loose {
  return { apiVersion: "policy/v1", kind: "Eviction", metadata: { namespace, name } };
}

function bindingOf({ namespace, name, node }: WriteMove): Loose {
  const target = { apiVersion: "v1", kind: "Node", name: node === "" ? "n1" : node };
  return { apiVersion: "v1", kind: "Binding", metadata: { namespace, name }, target };
}

/** What a write of contents changes; of a pod nothing but an annotation may change. */
function contentOf(
  { resource, node, text }: WriteMove,
  extent: "whole" | "change" = "change",
): Loose {
  if (resource === "configmaps") return { data: { text } };
  if (resource === "widgets") return { spec: { text } };
  if (extent === "change") return { metadata: { annotations: { text } } };
  const nodeName = node === "" ? {} : { nodeName: node };
  return { spec: { ...nodeName, containers: [{ name: "c", image: "i" }] } };
}

/** The object as it was so many versions ago, changed; one that is not there is made up. */
function updated(session: Session, move: WriteMove, back: number): Loose {
  const spans = session.world.histories[move.resource].spans(
    `${move.namespace}/${move.name}`,
    "model",
  );
  const versions = spans.flatMap(({ version }) => (version === undefined ? [] : [version.object]));
  const old = versions[Math.max(0, versions.length - 1 - back)];
  if (old === undefined) return objectOf(move);
  const { metadata, ...content } = contentOf(move);
  const changed = { ...old.metadata, labels: move.labels, ...metadata };
  return { ...old, ...content, metadata: changed };
}

const deletions = new Set<WriteMove["how"]>(["delete", "delete at once", "evict"]);
const refused = new Set([400, 401, 403, 405, 413, 415, 429]);

/** The table of CONTRACT 2, and CONTRACT 3. */
function owe(session: Session, move: WriteMove, answer: Answer | string): void {
  const { resource, namespace, how } = move;
  const now = session.world.revision();
  const named = `${move.namespace}/${move.name}`;
  const status = typeof answer === "string" ? undefined : answer.status;
  const because = `${how} of ${resource} ${named}, answered ${status ?? "not at all"} at ${now}`;
  const history = session.world.histories[resource];
  if (status !== undefined && refused.has(status)) return;
  const isDone = status !== undefined && status < 300;
  if (how === "delete collection" || !isDone || typeof answer === "string") {
    const isNamed = how !== "delete collection" && (how !== "create" || status === 409);
    return session.owe({
      resource,
      namespace,
      key: isNamed ? named : undefined,
      revision: () => now,
      because,
    });
  }
  const { kind, metadata, details } = JSON.parse(answer.text);
  // An eviction and a binding say nothing of the object.
  if (kind === "Status" && details === undefined)
    return session.owe({ resource, namespace, key: named, revision: () => now, because });
  if (kind === "Status") {
    const revision = () => history.goneAt(details.uid);
    return session.owe({ resource, namespace, key: named, revision, because });
  }
  const isDeletion = metadata.deletionTimestamp !== undefined && metadata.finalizers === undefined;
  const revision = Number(metadata.resourceVersion);
  session.world.saw(revision);
  if (isDeletion && !deletions.has(how) && !metadata.deletionGracePeriodSeconds)
    return session.owe({
      resource,
      namespace,
      key: named,
      revision: () => history.goneAt(metadata.uid),
      because,
    });
  session.owe({ resource, namespace, key: named, revision: () => revision, because });
}
