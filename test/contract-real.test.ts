import { afterAll, beforeAll, describe, test } from "bun:test";

import { installWidgets } from "../src/testing/contract-fixture.ts";
import { type ContractUpstream, startContractUpstream } from "../src/testing/contract-upstream.ts";
import { type ContractTarget, describeContract } from "../src/testing/contract.ts";
import { findAssets } from "../src/testing/envtest.ts";

let upstream: ContractUpstream | undefined;
let target: ContractTarget;

/** The judge of the suite itself: where the real apiserver fails a test, the test is wrong. */
if (findAssets() === undefined) {
  describe("contract on kube-apiserver", () => {
    test.skip("no kube-apiserver was found", () => {});
  });
} else {
  beforeAll(async () => {
    upstream = await startContractUpstream();
    target = { ...upstream, direct: upstream };
    await installWidgets(target);
  }, 90_000);
  afterAll(() => upstream?.stop());
  describeContract("kube-apiserver", () => target);
}
