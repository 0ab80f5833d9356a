import type { Gauge } from "./admin/metrics.ts";
import type { DiskStore } from "./open-disk.ts";

/** What the metrics say of the disk store; `undefined` where none is used. */
export function diskGauges(disk: DiskStore | undefined): readonly Gauge[] {
  return [
    {
      name: "edge_proxy_disk_written_bytes_total",
      help: "Bytes written to the disk store.",
      type: "counter",
      read: () => [{ labels: {}, value: disk?.bytesWritten ?? 0 }],
    },
    {
      name: "edge_proxy_disk_longest_block_seconds",
      help: "The longest that one write to the disk store has blocked the event loop since the start.",
      type: "gauge",
      read: () => [{ labels: {}, value: (disk?.longestMs ?? 0) / 1000 }],
    },
    {
      name: "edge_proxy_disk_fault",
      help: "1 while nothing is kept on disk, by why.",
      type: "gauge",
      read: () => {
        const fault = disk?.fault;
        return fault === undefined ? [] : [{ labels: { kind: fault.kind }, value: 1 }];
      },
    },
    {
      name: "edge_proxy_disk_faults_total",
      help: "Faults of the disk store since the start, by kind; one that lasts counts once.",
      type: "counter",
      read: () =>
        [...(disk?.faultCounts ?? [])].map(([kind, value]) => ({ labels: { kind }, value })),
    },
  ];
}

/** What the status page says of it. */
export function diskFact(disk: DiskStore | undefined): string {
  if (disk === undefined) return "not used";
  const { fault, bytesWritten } = disk;
  const state = fault === undefined ? "in use" : `${fault.kind}: ${fault.reason}`;
  return `${state}, ${bytesWritten} bytes written`;
}
