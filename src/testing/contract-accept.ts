import { describe, expect, test } from "bun:test";

import { type ContractTarget } from "./contract-client.ts";
import { type Fixture, inNamespace } from "./contract-fixture.ts";

const json = "application/json";
const protobuf = "application/vnd.kubernetes.protobuf";
const asTable = "as=Table;v=v1;g=meta.k8s.io";
const asMetadata = "as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

type Served = "json" | "pretty" | "protobuf" | "table" | "metadata" | "406";

/** How an apiserver reads an Accept header, odd ones included: each line is what a real one answers a LIST of configmaps with. */
const served: readonly (readonly [accept: string, Served])[] = [
  // Spaces are ignored, other white space is not.
  [`${json}; as = Table;v=v1;g=meta.k8s.io`, "table"],
  [`${json};as= Table; v = v1 ; g = meta.k8s.io`, "table"],
  [`${json} ; as =Table;v=v1;g=meta.k8s.io`, "table"],
  [`${json};\tas=Table;v=v1;g=meta.k8s.io`, "406"],
  [`${json};as\t=Table;v=v1;g=meta.k8s.io`, "406"],
  [`${json};as=\tTable;v=v1;g=meta.k8s.io`, "406"],
  [`${json}\t;${asTable}`, "406"],
  ["application/ json", "406"],
  ["application /json", "406"],
  // Capitals and quotes are others.
  [`${json};AS=Table`, "json"],
  [`${json};AS=Table;v=v1;g=meta.k8s.io`, "406"],
  [`${json};as=table;v=v1;g=meta.k8s.io`, "406"],
  [`${json};as="Table";v=v1;g=meta.k8s.io`, "406"],
  [`Application/Json, ${json};${asTable}`, "table"],
  // A clause ends at any comma and a parameter at any semicolon, quoted or not.
  [`text/html;x=",${json};${asTable},"`, "table"],
  [`${json};x="a;${asTable}"`, "406"],
  [`${json};x="a,b"`, "json"],
  // What is empty is nothing, or ignored.
  [`${json};;${asTable}`, "table"],
  [`${json};=;${asTable}`, "table"],
  [`, ,${json};${asTable}`, "table"],
  [`${json};`, "json"],
  [`${json},`, "json"],
  [",", "406"],
  ["/", "406"],
  [`;${json}`, "406"],
  // The last of a name counts.
  [`${json};as=Table;${asMetadata}`, "metadata"],
  [`${json};as=PartialObjectMetadataList;${asTable}`, "table"],
  [`${json};${asTable};as=`, "table"],
  [`${json};${asTable};as`, "table"],
  [`${json};as= ;v=v1;g=meta.k8s.io`, "406"],
  [`${json};as=Table=;v=v1;g=meta.k8s.io`, "table"],
  [`${json};as=Table=x;v=v1;g=meta.k8s.io`, "406"],
  // A form is named by all of its parts.
  [`${json};as=Table`, "406"],
  [`${json};as=Table;v=v1`, "406"],
  [`${json};v=v1;g=meta.k8s.io`, "406"],
  [`${json};v=v1`, "406"],
  [`${json};v=`, "json"],
  [`${json};as=Table;v=v1beta1;g=meta.k8s.io`, "table"],
  [`${json};as=Other;v=v1;g=meta.k8s.io`, "406"],
  [`${json};${asMetadata}`, "metadata"],
  [`*/*;${asTable}`, "table"],
  [`application/*;${asTable}`, "406"],
  [`${protobuf};${asTable}`, "406"],
  [`${protobuf};${asTable},${json}`, "json"],
  // The quality is a number as Go reads it, and 0 refuses nothing.
  [`${json};q=0`, "json"],
  [`${json};${asTable};q=0`, "table"],
  [`${json};q=0, ${protobuf};q=0.5`, "protobuf"],
  [`${json};q=.5, ${protobuf}`, "protobuf"],
  [`${json};q=0.5, ${protobuf};q=.6`, "protobuf"],
  [`${json};q=abc, ${protobuf};q=0.1`, "protobuf"],
  [`${json};q= 0.9, ${protobuf};q=0.5`, "protobuf"],
  [`${json}; q =0.1, ${protobuf};q=0.5`, "protobuf"],
  [`${json};Q=0.1, ${protobuf};q=0.5`, "json"],
  [`${protobuf}, ${json};q=2`, "json"],
  [`${protobuf}, ${json};q=1e1`, "json"],
  [`${protobuf}, ${json};q=inf`, "json"],
  [`${json};q=-1, ${protobuf};q=-2`, "json"],
  [`${protobuf};q=NaN, ${json}`, "protobuf"],
  // A wildcard is JSON, and behind what is named before it.
  ["*/*", "json"],
  ["*", "406"],
  ["*/json", "406"],
  [`*/*, ${protobuf}`, "protobuf"],
  [`*/*;q=0.9, ${protobuf};q=0.5`, "protobuf"],
  [`application/*, ${json}`, "json"],
  [`${json};q=0.1, ${protobuf};q=0.2, */*;q=0.9`, "json"],
  [`text/*, ${json};q=0.1`, "json"],
  // Parameters that name no form.
  [`${json};stream=watch`, "json"],
  [`${json};stream=WATCH`, "406"],
  [`${json};stream=`, "json"],
  [`${json};sv=1`, "406"],
  [`${json};export=1`, "json"],
  [`${json};profile=nested`, "json"],
  [`${json};charset="utf-8"`, "json"],
  [`${json};charset=latin1`, "json"],
  [`${json};pretty = 1`, "pretty"],
  [`${json};pretty=0;pretty=1`, "pretty"],
  [`${json};pretty=1;pretty=0`, "json"],
];

/** Which form an Accept header is answered in. */
export function describeAccept(target: () => ContractTarget): void {
  const it = (name: string, run: (fixture: Fixture) => Promise<void>) =>
    test.concurrent(name, inNamespace(target, run), 60_000);

  describe("an Accept header", () => {
    it("is read as goautoneg reads it", async (f) => {
      await f.create("a");
      await f.warmUp();
      const found: (readonly [string, Served])[] = [];
      for (const [Accept] of served)
        found.push([Accept, servedIn(await f.call("configmaps", { headers: { Accept } }))]);
      expect(found).toEqual([...served]);
    });
  });
}

function servedIn({ status, text }: { readonly status: number; readonly text: string }): Served {
  if (status === 406) return "406";
  if (text.startsWith("k8s\0")) return "protobuf";
  if (text.startsWith("{\n")) return "pretty";
  switch (JSON.parse(text).kind) {
    case "Table":
      return "table";
    case "PartialObjectMetadataList":
      return "metadata";
    default:
      return "json";
  }
}
