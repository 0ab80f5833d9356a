import { everyField } from "../api/field-selector.ts";
import { everything } from "../api/label-selector.ts";
import { parseResourceVersion } from "../api/resource-version.ts";
import type { DiskFault } from "../cache/disk-fault.ts";
import { Disk } from "../cache/disk.ts";
import type { ScopeState } from "../cache/scope-rows.ts";
import type { RestoredScope } from "../cache/snapshot-restore.ts";
import { type RestoreAnswer, Snapshot } from "../cache/snapshot.ts";
import type { Scope } from "../cache/watch-cache.ts";
import { configMap, configMapForm, jsonCodec } from "./objects.ts";

/** The configmaps of a namespace, as JSON. */
export function configMapScope(namespace = ""): Scope {
  return {
    gvr: { group: "", version: "v1", resource: "configmaps" },
    codec: jsonCodec,
    namespace,
    labelSelector: everything,
    fieldSelector: everyField,
  };
}

export function stateAt(resourceVersion: number): ScopeState {
  return {
    resourceVersion: parseResourceVersion(String(resourceVersion)),
    form: configMapForm,
    listForm: { ...configMapForm, kind: "ConfigMapList" },
    lost: [],
  };
}

export interface OpenSnapshot {
  readonly disk: Disk;
  readonly snapshot: Snapshot;
  readonly reports: (DiskFault | undefined)[];
}

/** The store in this folder; throws where it cannot be opened. */
export function openSnapshot(
  folder: string,
  limitBytes = 64 << 20,
  now: () => number = Date.now,
): OpenSnapshot {
  const reports: (DiskFault | undefined)[] = [];
  const opened = Disk.open(folder, { now, report: (fault) => reports.push(fault) });
  if (opened.is === "fault") throw new Error(`${opened.fault.kind}: ${opened.fault.reason}`);
  const disk = opened.value;
  return { disk, snapshot: new Snapshot(disk, { limitBytes, otherBytes: () => 0 }), reports };
}

/** What restoring gives; throws where the disk fails. */
export async function restore(snapshot: Snapshot, scope: Scope): Promise<RestoreAnswer> {
  const outcome = await snapshot.restore(scope);
  if (outcome.is === "fault") throw new Error(outcome.fault.reason);
  return outcome.value;
}

/** The state in short: `10: a@3 b@4`. */
export function summary({ resourceVersion, store }: RestoredScope): string {
  const items = Array.from(store.items(), (item) => `${item.name}@${item.resourceVersion}`);
  return [`${resourceVersion}:`, ...items].join(" ");
}

/** A configmap at this version. */
export function objectAt(name: string, resourceVersion: number) {
  return configMap({ name, resourceVersion: String(resourceVersion) });
}
