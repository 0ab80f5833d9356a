import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort, startChildProcess, waitUntil } from "../src/testing/child-process.ts";

export interface Nginx {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Where nginx is; distributions keep it where only root's PATH leads. */
export function findNginx(): string | undefined {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
  return Bun.which("nginx", { PATH: path }) ?? undefined;
}

/** Serves these bodies by their file names with sendfile, from one process, as fast as nginx can. */
export async function startNginx(
  binary: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<Nginx> {
  const dir = await mkdtemp(join(tmpdir(), "edge-proxy-nginx-"));
  await mkdir(join(dir, "www"));
  for (const [name, bytes] of Object.entries(files)) await Bun.write(join(dir, "www", name), bytes);
  const port = freePort();
  await Bun.write(join(dir, "nginx.conf"), configuration(dir, port));
  const command = [binary, "-p", dir, "-e", join(dir, "error.log"), "-c", join(dir, "nginx.conf")];
  const child = startChildProcess(command, { logFile: join(dir, "output.log") });
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    await child.stop();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await waitUntil("nginx answers", () => answers(url), 5);
  } catch (error) {
    const tail = await child.tail();
    await stop();
    throw new Error(`${String(error)}; its output ends with\n${tail}`, { cause: error });
  }
  return { url, pid: child.pid, stop };
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url).catch(() => undefined);
  await response?.body?.cancel();
  return response !== undefined;
}

/** One process without a master: what starts it can end it. */
function configuration(dir: string, port: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `daemon off;
master_process off;
pid ${dir}/nginx.pid;
events { worker_connections 2048; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  default_type application/json;
  ${temporary.map((name) => `${name}_temp_path ${dir}/${name};`).join(" ")}
  server { listen 127.0.0.1:${port}; root ${dir}/www; }
}
`;
}
