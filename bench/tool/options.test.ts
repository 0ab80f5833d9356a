import { describe, expect, test } from "bun:test";

import { parseArgs } from "./args.ts";
import { runFlags } from "./flags.ts";
import { parseControl, readOptions } from "./options.ts";

const read = (...argv: string[]) => readOptions(parseArgs(argv, runFlags));
const usual = { name: "edge-proxy", url: "http://127.0.0.1:10261" };

describe("readOptions", () => {
  test("runs all cases on the usual proxy when nothing is given", () => {
    expect(read()).toMatchObject({
      cases: ["func", "filter", "consistency", "resource"],
      targets: [usual],
      namespace: undefined,
      useKubeconfig: undefined,
      timeoutSeconds: 1800,
      durationSeconds: 60,
      concurrency: 1,
      cut: "relay",
    });
  });

  test.each([
    ["all", ["func", "filter", "consistency", "resource"]],
    ["resource,func", ["func", "resource"]],
    ["filter", ["filter"]],
  ])("--bench %s runs %p", (text, cases) => {
    expect<readonly string[]>(read("--bench", text).cases).toEqual(cases);
  });

  test("--target stands in place of the usual proxy, and beside one that is given", () => {
    const other = { name: "other", url: "http://127.0.0.1:9" };
    const direct = { name: "apiserver", url: undefined };
    expect(read("--target=other=http://127.0.0.1:9/").targets).toEqual([other]);
    expect(
      read("--proxy", usual.url, "--target=other=http://127.0.0.1:9", "--target=apiserver=direct")
        .targets,
    ).toEqual([usual, other, direct]);
  });

  test.each([
    ["--bench=speed", "--bench speed: it is all, func, filter, consistency, resource"],
    ["--proxy=127.0.0.1:10261", "--proxy 127.0.0.1:10261: http://HOST:PORT is needed"],
    ["--proxy=http://h/path", "--proxy http://h/path: http://HOST:PORT is needed"],
    ["--target=http://h:1", "--target http://h:1: NAME=URL or NAME=direct is needed"],
    ["--namespace=Upper", "--namespace Upper: lower-case letters"],
    ["--timeout=soon", "--timeout soon: a number of seconds is needed"],
    ["--duration=0", "--duration 0: a number of seconds is needed"],
    ["--concurrency=1.5", "--concurrency 1.5: a whole number above 0 is needed"],
    ["--cut=scissors", "--cut scissors: it is relay or iptables"],
    ["--relay=10.0.0.1:1", "--relay 10.0.0.1:1: 127.0.0.1:PORT or unix:PATH is needed"],
  ])("refuses %s: %s", (argument, message) => {
    expect(() => read(argument)).toThrow(message);
  });

  test("refuses two targets of one name", () => {
    const twice = ["--target=a=http://h:1", "--target=a=http://h:2"];
    expect(() => read(...twice)).toThrow("--target a=…: two targets have this name");
  });
});

describe("parseControl", () => {
  test.each(["127.0.0.1:1", "localhost:1", "[::1]:1", "unix:/run/relay.sock"])(
    "takes %s",
    (text) => {
      expect(parseControl("control", text)).toBe(text);
    },
  );
});
