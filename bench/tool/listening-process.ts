import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** TCP_LISTEN of Linux' include/net/tcp_states.h, as /proc/net/tcp writes it. */
const listening = "0A";

/** The process of this machine that listens on the port; undefined where there is none that we may look at. */
export function findListeningProcess(port: number): number | undefined {
  const sockets = new Set(
    ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => inodesOf(textOf(file), port)),
  );
  if (sockets.size === 0) return undefined;
  const pids = namesIn("/proc").filter((name) => /^\d+$/.test(name));
  const holds = (pid: string) =>
    namesIn(`/proc/${pid}/fd`).some((fd) => sockets.has(linkOf(`/proc/${pid}/fd/${fd}`)));
  const pid = pids.find(holds);
  return pid === undefined ? undefined : Number(pid);
}

/** The sockets that listen on this port, as the links of a process' descriptors name them; `table` is the text of /proc/net/tcp. */
export function inodesOf(table: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return table.split("\n").flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === listening && local?.endsWith(`:${wanted}`) === true
      ? [`socket:[${inode}]`]
      : [];
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
