import { afterAll, beforeAll } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { createTemporaryFolder } from "../src/testing/child-process.ts";
import { installWidgets } from "../src/testing/contract-fixture.ts";
import { type ContractUpstream, startContractUpstream } from "../src/testing/contract-upstream.ts";
import { type ContractTarget, describeContract } from "../src/testing/contract.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";

/** It is for every request, and what it leaves out no object has. */
const rules = `
rules:
  - name: nothing
    trim: ['metadata.annotations["edge-proxy.example/none"]']
`;

let upstream: ContractUpstream;
let proxy: ProxyProcess;
let folder: string;
let target: ContractTarget;

beforeAll(async () => {
  upstream = await startContractUpstream();
  ({ dir: folder } = await createTemporaryFolder("edge-proxy-contract-rules-"));
  const config = join(folder, "config.yaml");
  await Bun.write(config, rules);
  proxy = await startProxy({ kubeconfig: upstream.kubeconfig, flags: ["--config", config] });
  const { isFake, version } = upstream;
  target = { url: proxy.url, direct: upstream, isFake, version };
  await installWidgets(target);
}, 90_000);

afterAll(async () => {
  await proxy?.stop();
  await upstream?.stop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

describeContract("edge-proxy by a rule that changes nothing, cold", () => target);
describeContract("edge-proxy by a rule that changes nothing, warm", () => ({
  ...target,
  warm: true,
}));
