import { afterAll, beforeAll } from "bun:test";

import { type ContractTarget, describeContract } from "./contract.ts";
import { type FakeApiserver, startFakeApiserver } from "./fake-apiserver.ts";

let fake: FakeApiserver;
let target: ContractTarget;

beforeAll(async () => {
  fake = await startFakeApiserver();
  fake.store.advance(10);
  fake.store.compact();
  const endpoint = { url: fake.url, token: fake.adminToken };
  target = { ...endpoint, direct: endpoint, isFake: true, version: "v1.37.0" };
});

afterAll(() => fake.stop());

describeContract("the fake apiserver", () => target);
