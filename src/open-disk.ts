import { parseRequestInfo } from "./api/request-info.ts";
import { selectionCovers } from "./api/selection.ts";
import type { DiskFault } from "./cache/disk-fault.ts";
import { DiskOwner } from "./cache/disk-owner.ts";
import { Disk } from "./cache/disk.ts";
import { Persister } from "./cache/persister.ts";
import { Replay } from "./cache/replay.ts";
import { parseScopeId, scopeId } from "./cache/scope-id.ts";
import { Snapshot } from "./cache/snapshot.ts";
import type { KeptState, Scope, WatchCache } from "./cache/watch-cache.ts";
import { describeScope, scopeCovers } from "./cache/watch-caches.ts";
import { type Config, ConfigError } from "./config.ts";
import { log } from "./log.ts";
import { Rewriting } from "./rewriting.ts";
import { noteEveryMs } from "./scope-uses.ts";
import { lastUse, newestFirst, type StoredScope } from "./stored-scopes.ts";

/** The share of --disk-limit that answers may have when there is room for less than --replay-limit. */
const replayShare = 0.25;
/** A scope that nobody has used for so long is removed: a month, as a node may be off for its weeks. */
const forgottenMs = 30 * 86_400_000;
/**
 * A start waits no longer for the disk. What takes longest is the copy of all that is stored, where --no-disk-resources names
 * more than before: 512 MiB at 30 MB/s take 18 s.
 */
const openLimitMs = 30_000;

/** What is on disk, and what keeps it there. */
export class DiskStore {
  readonly #disk: Disk;
  readonly #snapshot: Snapshot;
  readonly #persister: Persister;
  readonly #rewriting: Rewriting;
  readonly replay: Replay;
  readonly owner: DiskOwner;
  readonly #isKeptOff: Config["isKeptOffDisk"];
  /** Before a process ends its live scopes were used within the first, which is noted within the second. */
  readonly #recentMs: number;
  /** What could not be restored, and why, by the scope's id. */
  readonly #damaged = new Map<string, { readonly scope: Scope; readonly reason: string }>();

  constructor(disk: Disk, config: Config) {
    const { diskLimitBytes, diskFlushMs, replayLimitBytes, isKeptOffDisk, scopeIdleMs } = config;
    this.#disk = disk;
    this.owner = new DiskOwner(disk);
    this.#rewriting = new Rewriting(disk, () => performance.now());
    this.replay = new Replay(disk, {
      limitBytes: Math.min(replayLimitBytes, diskLimitBytes * replayShare),
      flushMs: diskFlushMs,
      isKept: (path) => this.#mayShow(path),
      refused: () => this.#rewriting.due(),
    });
    this.#snapshot = new Snapshot(disk, {
      limitBytes: diskLimitBytes,
      otherBytes: () => this.replay.byteLength,
    });
    this.#persister = new Persister(this.#snapshot, {
      flushMs: diskFlushMs,
      doesNotFit: (scope) =>
        log.warn(`${describeScope(scope)} does not fit into --disk-limit and is not kept on disk`),
    });
    disk.onAnotherFile(() => this.#persister.writeAnew());
    this.#isKeptOff = isKeptOffDisk;
    this.#recentMs = scopeIdleMs + noteEveryMs;
  }

  /** Bytes written since the start. */
  get bytesWritten(): number {
    return this.#disk.bytesWritten;
  }

  /** The longest that one transaction or checkpoint has kept everything else waiting since the start, in milliseconds. */
  get longestMs(): number {
    return this.#disk.longestMs;
  }

  /** Why nothing is kept at the moment; undefined while all is well. */
  get fault(): DiskFault | undefined {
    return this.#disk.fault;
  }

  /** How many faults of each kind there were since the start, each counted once. */
  get faultCounts(): ReadonlyMap<DiskFault["kind"], number> {
    return this.#disk.faultCounts;
  }

  /** What has to be done before anything is shown: removes what may not be kept any more, and reads whose the rest is. Never rejects. */
  async prepare(): Promise<void> {
    await this.#removeKeptOff();
    await this.owner.load();
    await this.scopes();
  }

  /** Begins the file that takes the place of one that was set aside, when nobody may have work for it soon. Never rejects. */
  async begin(): Promise<void> {
    await this.#disk.exclusive(async () => undefined);
  }

  /** Whether anything of the resource may be kept. */
  isKept(group: string, resource: string): boolean {
    return !this.#isKeptOff(group, resource);
  }

  #mayKeep({ gvr }: Scope): boolean {
    return this.isKept(gvr.group, gvr.resource);
  }

  /** Whether a GET of this path shows nothing that may not be kept. */
  #mayShow(path: string): boolean {
    const info = parseRequestInfo("GET", path, "");
    return !info.isResourceRequest || this.isKept(info.group, info.resource);
  }

  /**
   * Removes what an earlier start wrote of resources that may not be kept any more, so that no byte of it is in the folder.
   * Never rejects.
   */
  async #removeKeptOff(): Promise<void> {
    const stored = await this.#snapshot.scopes();
    const all = stored.is === "done" ? stored.value : [];
    const scopes = all
      .flatMap(({ id }) => parseScopeId(id) ?? [])
      .filter((scope) => !this.#mayKeep(scope));
    const isKeptOff = (path: string) => !this.#mayShow(path);
    const answers = await this.replay.countOf(isKeptOff);
    // What the process before this one did not come to nobody has to wait for.
    if (this.#disk.isRewriteDue) this.#rewriting.due();
    if (scopes.length === 0 && answers === 0) return;
    // Of what is deleted bytes stay behind: a start that is killed here must not leave them for good.
    await this.#disk.makeRewriteDue();
    // Where there is no room for the copy.
    await this.#disk.exclusive(async (db) => db.setDeleted("overwritten"));
    for (const scope of scopes) await this.#snapshot.remove(scope);
    await this.replay.removeOf(isKeptOff);
    const { is } = await this.#disk.rewrite();
    await this.#disk.exclusive(async (db) => db.setDeleted("left"));
    if (is === "done")
      log.info("removed from disk what --no-disk-resources names", {
        scopes: scopes.length,
        answers,
      });
  }

  /** Keeps the scope from here on, where it may be kept. */
  keep(cache: WatchCache): void {
    if (this.#mayKeep(cache.scope)) this.#persister.keep(cache);
  }

  /** The scopes on disk, the latest used first, but of one resource those that are newest. Never rejects. */
  async scopes(): Promise<readonly Scope[]> {
    return (await this.#used()).map(({ scope }) => scope);
  }

  /** Those that were in use when the process before this one was last alive, and shortly before, in the same order. Never rejects. */
  async recent(): Promise<readonly Scope[]> {
    const all = await this.#used();
    const since = lastUse(all) - this.#recentMs;
    return all.filter(({ usedAt }) => usedAt >= since).map(({ scope }) => scope);
  }

  async #used(): Promise<readonly StoredScope[]> {
    const outcome = await this.#snapshot.scopes();
    const all = outcome.is === "done" ? outcome.value : [];
    const kept = all.flatMap(({ id, ...use }) => {
      const scope = parseScopeId(id);
      // What may not be kept any more may lie there still.
      return scope !== undefined && this.#mayKeep(scope) ? [{ scope, ...use }] : [];
    });
    return newestFirst(kept);
  }

  /** Notes when these were last used, and removes what was not for very long. Never rejects. */
  async noteUses(
    uses: readonly { readonly scope: Scope; readonly unusedMs: number }[],
  ): Promise<void> {
    const now = Date.now();
    await this.#snapshot.noteUses(
      uses.map(({ scope, unusedMs }) => ({ id: scopeId(scope), usedAt: now - unusedMs })),
    );
    const latest = lastUse(await this.#used());
    // By what the scopes say, too: the clock of a node may be years ahead for a while.
    await this.#snapshot.removeUnused(Math.min(now, latest) - forgottenMs);
  }

  /** The scopes on disk that hold all that is wanted, the newest first. Never rejects. */
  async covering(wanted: Scope): Promise<readonly Scope[]> {
    return (await this.scopes()).filter((scope) => scopeCovers(scope, wanted));
  }

  /** Why what lies on disk of this cannot be shown, in words; undefined where nothing of it does. */
  damageOf(wanted: Scope): string | undefined {
    const found = [...this.#damaged.values()].find(({ scope }) => scopeCovers(scope, wanted));
    return found && `what is on disk of it is damaged (${found.reason})`;
  }

  /** The scope's state as it lies on disk; undefined where there is none, or none that is whole. Never rejects. */
  async restore(scope: Scope): Promise<KeptState | undefined> {
    if (!this.#mayKeep(scope)) return undefined;
    const outcome = await this.#snapshot.restore(scope);
    this.#damaged.delete(scopeId(scope));
    if (outcome.is === "fault" || outcome.value.is === "absent") return undefined;
    if (outcome.value.is === "restored") return outcome.value.restored;
    const { reason } = outcome.value;
    this.#damaged.set(scopeId(scope), { scope, reason });
    log.warn(`${describeScope(scope)} is damaged on disk and is listed again`, { reason });
    return undefined;
  }

  /**
   * Begins the folder anew, so that no byte is left in it of what belongs to another identity, server or cluster. Never rejects.
   */
  async forget(): Promise<void> {
    // In this order, without a turn between: what is asked for or written from here on comes after it.
    const cleared = [this.#disk.erase(), this.replay.clear()];
    this.owner.forget();
    await Promise.all(cleared);
  }

  /** The scope's state is of another history, and all answers may be: none of it is shown after a restart. Never rejects. */
  async forgetHistory(scope: Scope): Promise<void> {
    await Promise.all([this.#snapshot.remove(scope), this.replay.clear()]);
  }

  /**
   * Upstream has refused the scope's list or watch with this status. 403: the node may not see it, so what lies here of it, of
   * scopes that hold all of it, and the answers that show of it must not be shown after a restart either (CONTRACT 23). 401 is of the credential, not of the
   * scope: it has expired, or was revoked, which cannot be told apart. While upstream answers nothing here is shown. Without
   * upstream the proxy shows the node what is on disk, since nobody can renew the credential then (CONTRACT 25). The removed
   * bytes are off the disk within an hour where it can be written, and after the next start. Never rejects.
   */
  async refused(scope: Scope, status: number): Promise<void> {
    if (status !== 403) return;
    const { group, resource } = scope.gvr;
    await this.replay.removeOf((path) => isOf(scope, path), "refused");
    const refused = (await this.scopes()).filter(
      (stored) =>
        stored.gvr.group === group &&
        stored.gvr.resource === resource &&
        selectionCovers(stored, scope),
    );
    if (refused.length === 0) return;
    // Before, for a kill in between; after, where a rewrite came in between.
    await this.#disk.makeRewriteDue();
    for (const stored of refused) await this.#snapshot.remove(stored);
    await this.#disk.makeRewriteDue();
    this.#rewriting.due();
  }

  /** Writes what is lacking, then lets go of the folder. Never rejects. */
  async close(): Promise<void> {
    this.#rewriting.stop();
    await this.#persister.stop();
    await this.replay.flush();
    await this.#disk.close();
  }
}

/** Whether a GET of this path may show what is in the scope. */
function isOf({ gvr, namespace }: Scope, path: string): boolean {
  const info = parseRequestInfo("GET", path, "");
  if (!info.isResourceRequest || info.group !== gvr.group || info.resource !== gvr.resource)
    return false;
  return namespace === "" || info.namespace === "" || info.namespace === namespace;
}

/**
 * Opens --disk-cache-path, and gives it when what lies there may be used; undefined, with a warning, where that takes longer than
 * a start may wait, or the default folder cannot be used: then nothing is kept. Rejects with a ConfigError where the folder was
 * given and cannot be used.
 */
export async function openDisk(
  config: Config,
  prepare = (store: DiskStore): Promise<unknown> => store.prepare(),
): Promise<DiskStore | undefined> {
  const store = openStore(config);
  if (store === undefined || (await isDoneWithin(openLimitMs, prepare(store)))) return store;
  log.warn(
    `--disk-cache-path: ${config.diskCachePath} was not ready within ${openLimitMs / 1000}s: the start goes on without it, and nothing is kept on disk`,
    { remedy: 'see whether the disk is slow, or stop the proxy and run "edge-proxy cache clear"' },
  );
  void store.close();
  return undefined;
}

/** Whether the work is done by then. Rejects where the work does before. */
async function isDoneWithin(limitMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const isLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  const isDone = await Promise.race([work.then(() => true), isLate]);
  clearTimeout(timer);
  return isDone;
}

function openStore(config: Config): DiskStore | undefined {
  const { diskCachePath } = config;
  let store: DiskStore | undefined;
  const report = (fault: DiskFault | undefined) => {
    reportFault(fault);
    if (fault !== undefined && "setAside" in fault) void store?.begin();
  };
  const outcome = Disk.open(diskCachePath, { now: () => Date.now(), report });
  if (outcome.is === "done") return (store = new DiskStore(outcome.value, config));
  const { fault } = outcome;
  const remedy = "remedy" in fault ? fault.remedy : undefined;
  const what = `--disk-cache-path: ${fault.reason}`;
  if (config.isDiskRequired)
    throw new ConfigError(`${what}; ${remedy ?? "give a folder that this process may write to"}`);
  log.warn(`${what}: nothing is kept on disk`, remedy === undefined ? {} : { remedy });
  return undefined;
}

function reportFault(fault: DiskFault | undefined): void {
  if (fault === undefined) log.info("the disk store works again");
  else if ("setAside" in fault)
    log.warn(`the disk store was ${fault.kind} and is begun anew`, {
      reason: fault.reason,
      "set aside": fault.setAside ?? "nothing was left",
    });
  else log.warn(`the disk store fails (${fault.kind}): what is new is not kept`, { ...fault });
}
