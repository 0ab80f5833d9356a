import { statSync } from "node:fs";

/**
 * What stat says of the files, links followed: a file that is written, replaced or reached by a swapped link
 * (as kubelet mounts secrets) changes it.
 */
export function fingerprint(files: readonly string[]): string {
  return files.map((file) => `${file} ${describe(file)}`).join("\n");
}

function describe(file: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  } catch {
    return "-";
  }
}
