import { encodeGet } from "./connection.ts";
import type { RequestJob } from "./job.ts";

/** Numbers for `{n}`: none is given twice, neither in the life of this process nor after another one. */
let nextNumber = Date.now() * 1000;

/** Gives the bytes of one request after another. */
export function createRequestSource(job: RequestJob): () => Uint8Array {
  if (job.path.includes("{n}"))
    return () => encodeGet(job.target, job.path.replace("{n}", String(nextNumber++)));
  const fixed = encodeGet(job.target, job.path);
  return () => fixed;
}
