import { rm } from "node:fs/promises";

import { callBytes, type Endpoint } from "../../src/testing/contract-client.ts";
import {
  type ContractUpstream,
  startContractUpstream,
  writeKubeconfig,
} from "../../src/testing/contract-upstream.ts";
import { startFakeApiserver } from "../../src/testing/fake-apiserver.ts";
import { startProxy } from "../../src/testing/proxy-process.ts";
import { Random } from "../model/random.ts";
import { configMap, createAll, untilCached } from "../offline-fixture.ts";
import { demand, type HostileKind, show, Tally } from "./fuzz-kind.ts";

const requestsPerSeed = 60;

const configMaps = "/api/v1/namespaces/default/configmaps";
const widgets = "/apis/example.com/v1/namespaces/default/widgets";

const paths = [
  configMaps,
  `${configMaps}/a`,
  `${configMaps}/none`,
  `${configMaps}?resourceVersion=0`,
  `${configMaps}?labelSelector=app%3Dx`,
  "/api/v1/namespaces",
  "/api/v1/namespaces/default/pods",
  widgets,
  `${widgets}/w`,
];

/** What the fake apiserver judges as a real one does. */
const plainTypes = [
  "application/json",
  "application/json",
  "application/vnd.kubernetes.protobuf",
  "application/vnd.kubernetes.protobuf",
  "text/html",
  "text/plain",
  "Application/JSON",
  "application/jsonx",
  "application",
  "/",
  "\xff/\xfe",
];
const plainParameters = [
  "charset=utf-8",
  "charset=UTF-8",
  "stream=watch",
  "as=Table;v=v1;g=meta.k8s.io",
  "as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
];

/** The rest: for a real one. */
const types = [
  ...plainTypes,
  "application/yaml",
  "application/cbor",
  "*/*",
  "application/*",
  "application/json ",
  "",
];

const parameters = [
  "q=1",
  "q=0",
  "q=0.5",
  "q=.3",
  "q=1.0000",
  "q=x",
  "q=-1",
  "q=1e1",
  "q=NaN",
  "q=",
  "Q=0.2",
  "charset=utf-8",
  "charset=UTF-8",
  "charset=latin1",
  "stream=watch",
  "stream=other",
  "pretty=1",
  "pretty=true",
  "pretty=0",
  "as=Table",
  "as=PartialObjectMetadata",
  "as=PartialObjectMetadataList",
  "as=Nothing",
  "v=v1",
  "v=v1beta1",
  "g=meta.k8s.io",
  "g=other",
  "as=Table;v=v1;g=meta.k8s.io",
  "as=Table;g=meta.k8s.io;v=v1beta1",
  "as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  'a="b,c"',
  'q="0.5"',
  "=",
  "",
];

function generateAccept(random: Random, from: "plain" | "all"): string {
  const isPlain = from === "plain";
  const gap = () => random.pick(isPlain ? ["", "", " ", "  "] : ["", "", " ", "\t", "  "]);
  const clause = () => {
    const most = isPlain ? 2 : 4;
    const given = Array.from({ length: random.below(most) }, () =>
      random.pick(isPlain ? plainParameters : parameters),
    );
    return [random.pick(isPlain ? plainTypes : types), ...given].join(`${gap()};${gap()}`);
  };
  return Array.from({ length: 1 + random.below(4) }, clause).join(`${gap()},${gap()}`);
}

const aWidget = { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" } };

async function startFake(): Promise<ContractUpstream> {
  const fake = await startFakeApiserver();
  const { url, adminToken: token } = fake;
  const kubeconfig = await writeKubeconfig(url, token);
  const stop = async () => {
    await fake.stop();
    await rm(kubeconfig, { force: true });
  };
  return { url, token, isFake: true, version: "v1.37.0", kubeconfig, stop };
}

/** Random Accept headers: through the proxy each has the status, the media type and the bytes that the apiserver itself answers. */
export const mediaTypes: HostileKind = {
  name: "media-types",
  open: async (options) => {
    const upstream = options.isReal === true ? await startContractUpstream() : await startFake();
    const direct: Endpoint = upstream;
    await createAll(direct, configMaps, [configMap("a", "x"), configMap("b", "y", "é<")]);
    if (upstream.isFake) await createAll(direct, widgets, [aWidget]);
    const { kubeconfig, isFake } = upstream;
    const proxy = await startProxy({ ...options, kubeconfig });
    for (const path of isFake ? [configMaps, widgets] : [configMaps])
      await untilCached(proxy, path);
    return {
      run: async (seed) => {
        const random = new Random(seed);
        const tally = new Tally();
        for (let at = 0; at < requestsPerSeed; at++) {
          const path = random.pick(paths);
          const Accept = generateAccept(random, upstream.isFake ? "plain" : "all");
          await compare(path, Accept, upstream, proxy, tally);
        }
        demand(proxy.exitCode() === undefined, "the process lives", () => `${proxy.exitCode()}`);
        return tally.counts;
      },
      output: () => proxy.output(),
      stop: async () => {
        await proxy.stop();
        await upstream.stop();
      },
    };
  },
};

async function compare(
  path: string,
  Accept: string,
  direct: ContractUpstream,
  proxy: Endpoint,
  tally: Tally,
): Promise<void> {
  const headers = { Accept };
  const [theirs, ours] = await Promise.all([
    callBytes(direct, path, { headers }),
    callBytes(proxy, path, { headers }),
  ]);
  const shown = ({ status, headers: said, bytes }: typeof ours) =>
    `${status} ${said.get("content-type")} ${said.get("x-edge-proxy") ?? ""} ${show(bytes.toString("latin1"), 600)}`;
  const what = () => `${path} as ${show(Accept)}: ${shown(ours)}, not ${shown(theirs)}`;
  demand(ours.status < 500, "there is no 5xx", what);
  demand(ours.status === theirs.status, "the status is upstream's", what);
  const type = "content-type";
  demand(ours.headers.get(type) === theirs.headers.get(type), "the media type is upstream's", what);
  // A real apiserver writes by itself all the time, and so its lists are of other versions.
  demand(!direct.isFake || ours.bytes.equals(theirs.bytes), "the bytes are upstream's", what);
  tally.add(`${ours.status} from ${ours.headers.get("x-edge-proxy")}`);
}
