// What may be used of the folder on disk: only what nobody but this process's user can have put there or changed.
import {
  closeSync,
  constants,
  ftruncateSync,
  lstatSync,
  openSync,
  realpathSync,
  rmSync,
  type Stats,
} from "node:fs";
import { basename, dirname, join } from "node:path";

/** Others than the owner may write. */
const writableByOthers = 0o022;
/**
 * No symbolic link is followed, and no FIFO keeps the open waiting (open(2)). Group and others get no rights by the mode of what
 * is made.
 */
const openFlags = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The folder is not used: who else may write to it can have its files lead elsewhere. */
export class RefusedFolderError extends Error {
  /** What to do about it, in words. */
  readonly remedy: string;
  /** As the system's own refusals have it (disk-fault.ts). */
  readonly code = "EPERM";

  constructor(reason: string, remedy: string) {
    super(reason);
    this.name = "RefusedFolderError";
    this.remedy = remedy;
  }
}

/** Throws a RefusedFolderError unless the folder, which exists, is a folder of this process's user that nobody else may write to. */
export function requireOwnFolder(folder: string): void {
  const stats = lstatSync(folder);
  const uid = process.getuid?.() ?? stats.uid;
  const another = "or give another folder with --disk-cache-path";
  if (stats.isSymbolicLink())
    throw new RefusedFolderError(
      "it is a symbolic link",
      `give the folder that it leads to, ${another}`,
    );
  if (!stats.isDirectory())
    throw Object.assign(new Error("it is not a folder"), { code: "ENOTDIR" });
  const isOwn = stats.uid === uid;
  const what = `owner uid ${stats.uid}, mode ${modeOf(stats)}`;
  if (!isOwn)
    throw new RefusedFolderError(
      `it belongs to another user (${what}; this process is uid ${uid})`,
      `run "chown ${uid} ${folder}" and "chmod 700 ${folder}", ${another}`,
    );
  if ((stats.mode & writableByOthers) !== 0)
    throw new RefusedFolderError(
      `others may write to it (${what})`,
      `run "chmod 700 ${folder}", ${another}`,
    );
}

/** Why this is no file that only this process's user can have written, in words; undefined where it is one, or there is nothing. */
export function whyForeign(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const why = whyNotPlain(stats) ?? whyNotOwn(stats);
  return why && `${basename(path)} ${why}`;
}

/** The same for who only reads: whose the file is says nothing. */
export function whyNotReadable(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  const why = stats && whyNotPlain(stats);
  return why && `${basename(path)} ${why}`;
}

function whyNotPlain(stats: Stats): string | undefined {
  if (stats.isFile()) return undefined;
  if (stats.isSymbolicLink()) return "is a symbolic link";
  if (stats.isDirectory()) return "is a folder";
  return "is no regular file";
}

function whyNotOwn(stats: Stats): string | undefined {
  const uid = process.getuid?.();
  if (uid !== undefined && stats.uid !== uid) return `belongs to uid ${stats.uid}`;
  if (stats.nlink > 1) return `has ${stats.nlink} names, of which one may lie elsewhere`;
  if ((stats.mode & writableByOthers) !== 0) return `may be written by others (${modeOf(stats)})`;
  return undefined;
}

function modeOf({ mode }: Stats): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

/** Opens an own file, which is made (0600) where the flags say so. Throws the system's errors, and EEXIST where it is no own file. */
export function openOwn(path: string, flags: number): number {
  const why = whyForeign(path);
  if (why !== undefined) throw Object.assign(new Error(why), { code: "EEXIST" });
  return openSync(path, flags | openFlags, 0o600);
}

/** Makes the file where it is missing. Throws as `openOwn` does. */
export function touchOwn(path: string): void {
  closeSync(openOwn(path, constants.O_WRONLY | constants.O_CREAT));
}

/** Leaves an empty own file under this name: what is no own file is removed first, the name, never what a link leads to. */
export function emptyOwn(path: string): void {
  if (whyForeign(path) !== undefined) rmSync(path);
  const descriptor = openOwn(path, constants.O_WRONLY | constants.O_CREAT);
  try {
    ftruncateSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The same file without a symbolic link on the way to it: SQLite is told to refuse any. */
export function withoutLinks(path: string): string {
  return join(realpathSync(dirname(path)), basename(path));
}
