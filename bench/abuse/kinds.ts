import { getBytes, openRaw, type RawSocket } from "./raw-socket.ts";

/** Something that is done to a proxy for a while, by so many at a time. */
export interface Abuse {
  readonly name: string;
  readonly concurrency: number;
  /** One act, the so-manyth; resolves when the next one may follow. */
  act(url: string, nr: number): Promise<void>;
}

const longQuery = "a".repeat(240 << 10);

/** Sends a request and waits for its answer, at most a second. */
async function askOnce(url: string, bytes: Uint8Array): Promise<void> {
  const socket = openRaw(url, bytes, "reads");
  await Promise.race([socket.answered, Bun.sleep(1000)]);
  socket.close();
}

/** Opens connections that stay, up to a number; from then on it waits. */
function holding(
  name: string,
  count: number,
  bytes: (nr: number) => Uint8Array,
  reading: "reads" | "does not read",
): Abuse {
  const open: RawSocket[] = [];
  return {
    name,
    concurrency: 4,
    act: async (url, nr) => {
      if (open.length >= count) {
        await Bun.sleep(200);
        // Who was thrown out comes again.
        const oldest = open.shift();
        oldest?.close();
        return;
      }
      open.push(openRaw(url, bytes(nr), reading));
      await Bun.sleep(1);
    },
  };
}

/** What the issue of the threat model names in its sections on refused callers and on bounds. */
export function abuses(namespace: string, deepObject: string): readonly Abuse[] {
  const configMaps = `/api/v1/namespaces/${namespace}/configmaps`;
  return [
    {
      name: "a Host that is refused, 240 KiB of query",
      concurrency: 8,
      act: (url, nr) => askOnce(url, getBytes(`/api/v1/pods?x=${nr}${longQuery}`, "evil.example")),
    },
    {
      name: "targets of 240 KiB, each another",
      concurrency: 8,
      act: (url, nr) => askOnce(url, getBytes(`${configMaps}?labelSelector=x${nr}${longQuery}`)),
    },
    {
      name: "resources that nobody has",
      concurrency: 8,
      act: (url, nr) => askOnce(url, getBytes(`/api/v1/r${nr}${"r".repeat(2000)}`)),
    },
    {
      name: "watches of distinct selectors, each left at once",
      concurrency: 8,
      act: (url, nr) => askOnce(url, getBytes(`${configMaps}?watch=1&labelSelector=left%3Dx${nr}`)),
    },
    holding(
      "1,000 heads that never end",
      1000,
      (nr) => Buffer.from(`GET /${nr} HTTP/1.1\r\nHost: localhost\r\nX-A: ${"b".repeat(8000)}`),
      "reads",
    ),
    holding(
      "60 lists of some MB with gzip that nobody reads",
      60,
      (nr) =>
        getBytes(`/api/v1/namespaces/bench-large/configmaps?limit=1500&x=${nr}`, "localhost", [
          "Accept-Encoding: gzip",
        ]),
      "does not read",
    ),
    holding(
      "an object of 4,000 levels, indented, that nobody reads",
      8,
      () => getBytes(`${deepObject}?pretty=1`),
      "does not read",
    ),
    holding(
      "100 requests ahead on each of 200 connections that nobody reads",
      200,
      () => Buffer.concat(Array.from({ length: 100 }, () => getBytes(configMaps))),
      "does not read",
    ),
  ];
}
