import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { waitUntil } from "../../src/testing/child-process.ts";
import { startRelayControl } from "./relay-control.ts";
import { type Relay, startRelay } from "./relay.ts";

const local = { hostname: "127.0.0.1", port: 0 };

/** A connection through the relay, and what came back on it. */
async function connect(port: number) {
  const seen = { text: "", isOver: false };
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_, bytes) => void (seen.text += bytes.toString()),
      close: () => void (seen.isOver = true),
    },
  });
  return { seen, socket };
}

describe("startRelay", () => {
  let relay: Relay;
  let arrived = "";
  const echo = Bun.listen({
    ...local,
    socket: {
      data: (socket, bytes) => {
        arrived += bytes.toString();
        if (bytes.toString() === "bye") socket.end();
        else socket.write(bytes);
      },
    },
  });

  beforeEach(async () => {
    arrived = "";
    relay = await startRelay(local, { hostname: "127.0.0.1", port: echo.port });
  });

  afterEach(() => relay.stop());

  test("passes bytes and ends both ways", async () => {
    const { seen, socket } = await connect(relay.port);
    socket.write("hello");
    await waitUntil("it comes back", () => seen.text === "hello");
    expect(relay.state).toEqual({ link: "passing", connections: 1 });
    socket.write("bye");
    await waitUntil("the end comes through", () => seen.isOver);
    await waitUntil("it is forgotten", () => relay.state.connections === 0);
  });

  test("holds all while it is cut, open connections and new ones, and lets it go on after that", async () => {
    const open = await connect(relay.port);
    open.socket.write("a");
    await waitUntil("it comes back", () => open.seen.text === "a");
    relay.cut();
    open.socket.write("b");
    const late = await connect(relay.port);
    late.socket.write("c");
    // What is not held is here within a millisecond; another relay to the same server shows that it answers.
    const other = await startRelay(local, { hostname: "127.0.0.1", port: echo.port });
    const whole = await connect(other.port);
    whole.socket.write("d");
    await waitUntil("the other one answers", () => whole.seen.text === "d");
    other.stop();
    expect(arrived).toBe("ad");
    expect([open.seen, late.seen]).toEqual([
      { text: "a", isOver: false },
      { text: "", isOver: false },
    ]);
    relay.restore();
    await waitUntil("both go on", () => open.seen.text === "ab" && late.seen.text === "c");
  });
});

describe("startRelayControl", () => {
  test("cuts and restores as told, by itself when nobody does, and for no page", async () => {
    const relay = await startRelay(local, { hostname: "127.0.0.1", port: 9 });
    const path = join(tmpdir(), `relay-control-${crypto.randomUUID()}.sock`);
    const control = startRelayControl(relay, `unix:${path}`);
    const tell = (where: string, method = "POST", headers = {}) =>
      fetch(`http://localhost${where}`, { method, headers, unix: path });
    expect(await (await tell("/cut")).json()).toEqual({ link: "cut", connections: 0 });
    expect(await (await tell("/restore")).json()).toEqual({ link: "passing", connections: 0 });
    await tell("/cut?seconds=0.05");
    await waitUntil("it is whole by itself", () => relay.state.link === "passing");
    const refused = [
      await tell("/cut", "POST", { origin: "http://page" }),
      await tell("/cut?seconds=x"),
      await tell("/other"),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 400, 404]);
    expect(relay.state.link).toBe("passing");
    await control.stop();
    relay.stop();
  });
});
