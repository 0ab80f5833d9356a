import type { Endpoint } from "../src/testing/contract-client.ts";
import type { FakeApiserver } from "../src/testing/fake-apiserver.ts";
import { untilStored } from "./offline-disk.ts";
import { configMap, createAll, kubeconfigText, Node, untilCached } from "./offline-fixture.ts";

/** A node with a kubeconfig file of its own; each namespace has a configmap `a`, and the proxy a scope of them, on disk. */
export async function startHolding(
  fake: FakeApiserver,
  namespaces: readonly string[],
): Promise<Node> {
  const direct: Endpoint = { url: fake.url, token: fake.adminToken };
  const paths = namespaces.map((namespace) => `/api/v1/namespaces/${namespace}/configmaps`);
  for (const path of paths) await createAll(direct, path, [configMap("a", "x")]);
  const node = await Node.create({ flags: ["--kubeconfig", "kubeconfig"] });
  await Bun.write(`${node.dir}/kubeconfig`, kubeconfigText(fake.url, fake.adminToken));
  await node.start();
  for (const path of paths) await untilCached(node, path);
  const scopes = namespaces.map((namespace) => `configmaps in ${namespace}, json`);
  await untilStored(node.cacheDir, scopes, 1);
  return node;
}
