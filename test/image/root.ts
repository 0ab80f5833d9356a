import { cp, mkdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";

import { readStage, type Stage } from "../dockerfile.ts";

const repository = join(import.meta.dir, "../..");
const certificates = "/etc/ssl/certs/ca-certificates.crt";

/** What the final image holds: the stage's files, and of its base what a process can reach for. */
export interface ImageRoot {
  /** As a folder, and as a file system of its own: what is beside them starts with the folder's name. */
  readonly dir: string;
  readonly fileSystem: string;
  readonly stage: Stage;
  /** The files copied in by the stage, as they are called in the image. */
  readonly files: readonly string[];
  /** This machine's libraries, in place of the base's. */
  readonly libraries: readonly string[];
  readonly hasCertificates: boolean;
}

/** Fills the folder as the Dockerfile's stage would. Rejects where a file of it has not been built. */
export async function createImageRoot(dir: string, stageName: string): Promise<ImageRoot> {
  const stage = readStage(await Bun.file(join(repository, "Dockerfile")).text(), stageName);
  for (const [source, to] of stage.copies) await copyTo(dir, builtFile(source), to);
  const files = stage.copies.map(([, to]) => to);
  const libraries = stage.entrypoint.flatMap((file) => librariesOf(join(dir, file)));
  for (const library of libraries) await copyTo(dir, library, library);
  for (const [path, text] of baseFiles) await Bun.write(join(dir, path), text);
  const hasCertificates = await Bun.file(certificates).exists();
  if (hasCertificates) await copyTo(dir, certificates, certificates);
  for (const folder of ["tmp", "proc", "sys", "dev", "cache", "config", "home/nonroot"]) {
    await mkdir(join(dir, folder), { recursive: true });
  }
  const fileSystem = `${dir}.ext4`;
  Bun.spawnSync(["mkfs.ext4", "-q", "-d", dir, fileSystem, "160M"]);
  return { dir, fileSystem, stage, files, libraries, hasCertificates };
}

/** Where this repository has it; what the build stage has under /src, `make build` has made. */
function builtFile(pattern: string): string {
  const machine = process.arch === "arm64" ? "arm64" : "amd64";
  return join(repository, pattern.replace("/src/", "").replace("*", machine));
}

async function copyTo(root: string, from: string, to: string): Promise<void> {
  await mkdir(dirname(join(root, to)), { recursive: true });
  await cp(await realpath(from), join(root, to), { recursive: true });
}

/** The loader and the libraries that ldd names. */
function librariesOf(file: string): readonly string[] {
  const run = Bun.spawnSync(["ldd", file], { stdin: "ignore" });
  return [...run.stdout.toString().matchAll(/(?:^\s*|=> )(\/\S+) \(/gm)].map(
    ([, path = ""]) => path,
  );
}

const baseFiles = [
  [
    "etc/passwd",
    "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n",
  ],
  ["etc/group", "root:x:0:\nnonroot:x:65532:\n"],
  ["etc/nsswitch.conf", "hosts: files dns\n"],
] as const;
