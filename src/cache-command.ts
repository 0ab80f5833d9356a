import { isVacant, removeDatabase } from "./cache/disk-folder.ts";
// `edge-proxy cache …`: the store on disk, looked at and checked without a proxy.
import { Disk } from "./cache/disk.ts";
import { byteLengthOf, lastUseOf } from "./cache/held-scope.ts";
import type { RestoredScope } from "./cache/snapshot-restore.ts";
import { Snapshot } from "./cache/snapshot.ts";
import { type StoredScope, StoreReader } from "./cache/store-reader.ts";
import { describeScope } from "./cache/watch-caches.ts";
import { formatTable } from "./command-table.ts";
import { ConfigError } from "./config/error.ts";
import { readGiven } from "./config/given.ts";
import { processInput } from "./config/input.ts";
import { diskPart } from "./config/parts.ts";
import { formatDuration, formatSize } from "./config/quantities.ts";

/** What the command prints, and how it ends. */
export interface CommandResult {
  readonly output: Iterable<string | Uint8Array>;
  readonly exitCode: 0 | 1;
}

/** The text of `edge-proxy cache` alone. */
const usage = `Usage: edge-proxy cache ACTION [--disk-cache-path DIR]

  ls              the scopes on disk: number, objects, size, resourceVersion, age, last use (minutes behind)
  verify          compares every checksum; ends with 1 and says what is damaged
  export NUMBER   a scope as the list that it would answer
  clear [NUMBER]  removes a scope, or all; refused while a proxy runs on the folder
`;

/**
 * Runs the command after `cache`: an action, its numbers, then flags. Throws a ConfigError for what it does not understand;
 * rejects with one line when the store cannot be read.
 */
export async function runCacheCommand(
  argv: readonly string[],
  now = Date.now(),
): Promise<CommandResult> {
  const firstFlag = argv.findIndex((argument) => argument.startsWith("-"));
  const words = firstFlag === -1 ? argv : argv.slice(0, firstFlag);
  const flags = firstFlag === -1 ? [] : argv.slice(firstFlag);
  const [action, ...numbers] = words;
  if (action === undefined || flags.includes("--help")) return { output: [usage], exitCode: 0 };
  const input = { ...processInput(), argv: flags };
  const { diskCachePath } = diskPart(readGiven(input).given, input);
  const number = readNumber(numbers);
  switch (action) {
    case "ls":
      if (isVacant(diskCachePath)) return nothingIn(diskCachePath);
      return reading(diskCachePath, async (store) => list(store.scopes(), now));
    case "verify":
      if (isVacant(diskCachePath)) return nothingIn(diskCachePath);
      return reading(diskCachePath, verify);
    case "export":
      if (number === undefined)
        throw new ConfigError("cache export: a NUMBER is missing (cache ls)");
      return reading(diskCachePath, async (store) => body(await store.read(find(store, number))));
    case "clear":
      return clear(diskCachePath, number);
  }
  throw new ConfigError(`cache ${action}: it is ls, verify, export or clear`);
}

function readNumber([text, ...rest]: readonly string[]): number | undefined {
  if (text === undefined) return undefined;
  if (rest.length > 0 || !/^[0-9]+$/.test(text))
    throw new ConfigError(`${[text, ...rest].join(" ")}: one NUMBER of cache ls is taken`);
  return Number(text);
}

function nothingIn(folder: string): CommandResult {
  return { output: [`nothing is stored in ${folder}\n`], exitCode: 0 };
}

async function reading(
  folder: string,
  work: (store: StoreReader) => Promise<CommandResult>,
): Promise<CommandResult> {
  const store = StoreReader.open(folder);
  try {
    return await work(store);
  } finally {
    store.close();
  }
}

function find(store: StoreReader, number: number): StoredScope {
  const found = store.scopes().find((each) => each.number === number);
  if (found === undefined) throw new Error(`there is no scope ${number} on disk`);
  return found;
}

function list(scopes: readonly StoredScope[], now: number): CommandResult {
  const rows = scopes.map(({ number, scope, held }) => {
    const { state } = held;
    return [
      String(number),
      describeScope(scope),
      state === undefined ? "damaged" : String(state.manifest.objects),
      formatSize(byteLengthOf(held)),
      state?.resourceVersion ?? "",
      state === undefined ? "" : agoOf(state.at, now),
      state === undefined ? "" : agoOf(lastUseOf(held), now),
    ];
  });
  const table = [
    ["NUMBER", "SCOPE", "OBJECTS", "SIZE", "RESOURCEVERSION", "AGE", "LAST USE"],
    ...rows,
  ];
  return { output: [formatTable(table)], exitCode: 0 };
}

function agoOf(at: number, now: number): string {
  return formatDuration(Math.max(0, Math.round((now - at) / 1000) * 1000));
}

async function verify(store: StoreReader): Promise<CommandResult> {
  const lines: string[] = [];
  const scopes = store.scopes();
  for (const each of scopes) {
    const reason = await store.read(each).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (reason !== undefined)
      lines.push(`${each.number} ${describeScope(each.scope)}: ${reason}\n`);
  }
  lines.push(...(await store.faults()).map((fault) => `${fault}\n`));
  if (lines.length > 0) return { output: lines, exitCode: 1 };
  return { output: [`${scopes.length} scopes, all as they were written\n`], exitCode: 0 };
}

function body({ scope, store, form, listForm, resourceVersion }: RestoredScope): CommandResult {
  const { pieces } = scope.codec.list(
    listForm ?? { ...form, kind: `${form.kind}List` },
    { resourceVersion, continue: "", remainingItemCount: undefined },
    [...store.items()],
  );
  return { output: pieces, exitCode: 0 };
}

/** Takes the folder as a proxy does, so that it has no other. What is damaged, or of another version, can be removed too, as a whole. */
async function clear(folder: string, number: number | undefined): Promise<CommandResult> {
  if (number !== undefined) return await clearScope(folder, number);
  if (!removeDatabase(folder)) return nothingIn(folder);
  return { output: ["all removed\n"], exitCode: 0 };
}

async function clearScope(folder: string, number: number): Promise<CommandResult> {
  const store = StoreReader.open(folder);
  const { scope } = find(store, number);
  store.close();
  const opened = Disk.open(folder, { now: Date.now, report: () => undefined });
  if (opened.is === "fault") throw new Error(opened.fault.reason);
  await new Snapshot(opened.value, { limitBytes: Infinity, otherBytes: () => 0 }).remove(scope);
  await opened.value.close();
  return { output: ["1 removed\n"], exitCode: 0 };
}
