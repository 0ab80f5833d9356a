import { readFileSync } from "node:fs";

import { CredentialError } from "./credentials.ts";

/** The text of a file. Throws a CredentialError that names it, after what stands before it. */
export function readCredentialFile(file: string, before = ""): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new CredentialError(`${before}${file}: ${reason(error)}`, error);
  }
}

function reason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  if (code === "ENOENT") return "no such file";
  if (code === "EACCES") return "not readable for this user";
  if (code === "EISDIR") return "a folder, not a file";
  return `not readable (${code})`;
}
