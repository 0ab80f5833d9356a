import { describe } from "bun:test";

import { describeAccept } from "./contract-accept.ts";
import { describeBadQueries } from "./contract-bad-queries.ts";
import { describeCatchUp } from "./contract-catch-up.ts";
import { type ContractTarget } from "./contract-client.ts";
import { describeDeletions } from "./contract-deletions.ts";
import { describeForms } from "./contract-forms.ts";
import { describeLists } from "./contract-list.ts";
import { describePages } from "./contract-pages.ts";
import { describePodSubresources } from "./contract-pod-subresources.ts";
import { describePretty } from "./contract-pretty.ts";
import { describeRefusals } from "./contract-refusals.ts";
import { describeSubresources } from "./contract-subresources.ts";
import { describeTimeouts } from "./contract-timeouts.ts";
import { describeWatches } from "./contract-watch.ts";
import { describeWrites } from "./contract-writes.ts";

export type { ContractTarget } from "./contract-client.ts";

/**
 * The apiserver's contract for LIST, GET, WATCH and writes, as tests: each in a namespace of its own, all at once.
 * A real kube-apiserver 1.37 decides what is right. The target has to be able to answer 410: it has compacted, or was restarted,
 * since resourceVersion 2, and goes on compacting every few seconds.
 */
export function describeContract(name: string, target: () => ContractTarget): void {
  describe(`contract on ${name}`, () => {
    describeLists(target);
    describePages(target);
    describeWatches(target);
    describeCatchUp(target);
    describeWrites(target);
    describeSubresources(target);
    describePodSubresources(target);
    describeDeletions(target);
    describeBadQueries(target);
    describeRefusals(target);
    describeTimeouts(target);
    describeForms(target);
    describeAccept(target);
    describePretty(target);
  });
}
