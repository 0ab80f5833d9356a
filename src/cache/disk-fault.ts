import { RefusedFolderError } from "./own-files.ts";

/** What keeps the disk store from being used. `reason` is one line for people. */
export type DiskFault =
  | {
      readonly kind: "locked" | "missing" | "forbidden" | "read-only" | "full" | "failed";
      readonly reason: string;
      /** What to do about it, where that is known better than that the folder has to be one that can be written. */
      readonly remedy?: string;
    }
  | {
      /** The file was damaged, or of another version of the program: it lies under the name that is told, undefined where nothing was left, and an empty one took its place. */
      readonly kind: "damaged" | "outdated";
      readonly reason: string;
      readonly setAside: string | undefined;
    };

/** The kinds that say that the file itself cannot be trusted. */
export type DamageKind = "damaged" | "outdated";

/** The file is not what it should be: it has to be set aside. */
export class DamagedFileError extends Error {
  readonly kind: DamageKind;

  constructor(kind: DamageKind, reason: string) {
    super(reason);
    this.name = "DamagedFileError";
    this.kind = kind;
  }
}

type PlainKind = Exclude<DiskFault["kind"], DamageKind>;

/** SQLite's result codes (sqlite.org/rescode.html), the extended ones by how they begin, and the system's. */
const kinds: readonly (readonly [prefix: string, kind: PlainKind | "damaged"])[] = [
  ["SQLITE_CORRUPT", "damaged"],
  ["SQLITE_NOTADB", "damaged"],
  // Our statements and rows are always the same: a table or row that does not take them is not the one we made.
  ["SQLITE_ERROR", "damaged"],
  ["SQLITE_CONSTRAINT", "damaged"],
  ["SQLITE_MISMATCH", "damaged"],
  ["SQLITE_FULL", "full"],
  ["SQLITE_READONLY", "read-only"],
  ["SQLITE_BUSY", "locked"],
  ["SQLITE_PERM", "forbidden"],
  ["SQLITE_CANTOPEN", "missing"],
  ["ENOSPC", "full"],
  ["EDQUOT", "full"],
  ["EFBIG", "full"],
  ["EROFS", "read-only"],
  ["EACCES", "forbidden"],
  ["EPERM", "forbidden"],
  ["ENOENT", "missing"],
  ["ENOTDIR", "missing"],
  ["EEXIST", "missing"],
];

/** What an error of the disk means; `damaged` where the file has to be set aside. Anything unknown is `failed`. */
export function kindOfError(error: unknown): PlainKind | DamageKind {
  if (error instanceof DamagedFileError) return error.kind;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return kinds.find(([prefix]) => code.startsWith(prefix))?.[1] ?? "failed";
}

/** The same where no file can be set aside. */
export function plainKindOf(error: unknown): PlainKind {
  const kind = kindOfError(error);
  return kind === "damaged" || kind === "outdated" ? "failed" : kind;
}

/** What to do about it, for a fault. */
export function remedyOf(error: unknown): Pick<Extract<DiskFault, { remedy?: string }>, "remedy"> {
  return error instanceof RefusedFolderError ? { remedy: error.remedy } : {};
}

/** The error in one line. */
export function reasonOfError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s*[\r\n]+\s*/g, " ");
}
