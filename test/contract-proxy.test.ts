import { afterAll, beforeAll } from "bun:test";

import { installWidgets } from "../src/testing/contract-fixture.ts";
import { type ContractUpstream, startContractUpstream } from "../src/testing/contract-upstream.ts";
import { type ContractTarget, describeContract } from "../src/testing/contract.ts";
import { type ProxyProcess, startProxy } from "../src/testing/proxy-process.ts";

let upstream: ContractUpstream;
let proxy: ProxyProcess;
let cold: ContractTarget;

beforeAll(async () => {
  upstream = await startContractUpstream();
  proxy = await startProxy({ kubeconfig: upstream.kubeconfig });
  const { isFake, version } = upstream;
  cold = { url: proxy.url, direct: upstream, isFake, version };
  await installWidgets(cold);
}, 90_000);

afterAll(async () => {
  await proxy?.stop();
  await upstream?.stop();
}, 30_000);

describeContract("edge-proxy, cold", () => cold);
describeContract("edge-proxy, warm", () => ({ ...cold, warm: true }));
