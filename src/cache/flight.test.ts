import { describe, expect, test } from "bun:test";

import { Flights } from "./flight.ts";

const never = new AbortController().signal;

/** Work that ends when it is told to, and counts how often it began. */
function controlled() {
  const begun: {
    resolve: (value: string) => void;
    reject: (error: Error) => void;
    signal: AbortSignal;
  }[] = [];
  const work = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => begun.push({ resolve, reject, signal }));
  return { begun, work };
}

/** Lets all that is ready run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

describe("Flights", () => {
  test("who comes before it begins shares it", async () => {
    const { begun, work } = controlled();
    const flights = new Flights<string>();
    const all = [1, 2, 3].map(() => flights.join("k", "until it begins", never, work));
    await settle();
    expect(begun.length).toBe(1);
    begun[0]?.resolve("x");
    expect(await Promise.all(all)).toEqual(["x", "x", "x"]);
    expect(flights.size).toBe(0);
  });

  test("who may not join what is under way forms one next flight", async () => {
    const { begun, work } = controlled();
    const flights = new Flights<string>();
    const first = flights.join("k", "until it begins", never, work);
    await settle();
    const later = [1, 2, 3].map(() => flights.join("k", "until it begins", never, work));
    await settle();
    expect(begun.length).toBe(1);
    begun[0]?.resolve("old");
    await settle();
    begun[1]?.resolve("new");
    expect([await first, ...(await Promise.all(later))]).toEqual(["old", "new", "new", "new"]);
    expect(begun.length).toBe(2);
  });

  test("who tolerates age joins what is under way", async () => {
    const { begun, work } = controlled();
    const flights = new Flights<string>();
    const first = flights.join("k", "while under way", never, work);
    await settle();
    const second = flights.join("k", "while under way", never, work);
    begun[0]?.resolve("x");
    expect(await Promise.all([first, second])).toEqual(["x", "x"]);
    expect(begun.length).toBe(1);
  });

  test("a caller's abort does not cancel the flight it shares; the last one's does", async () => {
    const { begun, work } = controlled();
    const flights = new Flights<string>();
    const callers = [new AbortController(), new AbortController()];
    const results = callers.map(({ signal }) => flights.join("k", "while under way", signal, work));
    const outcomes = results.map((result) => result.catch(() => "left"));
    await settle();
    callers[0]?.abort();
    await settle();
    expect(begun[0]?.signal.aborted).toBe(false);
    callers[1]?.abort();
    expect(await Promise.all(outcomes)).toEqual(["left", "left"]);
    expect(begun[0]?.signal.aborted).toBe(true);
  });

  test("who comes when all have left does not join what was cancelled", async () => {
    const { begun, work } = controlled();
    const flights = new Flights<string>();
    const caller = new AbortController();
    const left = flights.join("k", "while under way", caller.signal, work).catch(() => "left");
    await settle();
    caller.abort();
    const second = flights.join("k", "while under way", never, work);
    begun[0]?.reject(new Error("cancelled"));
    await settle();
    begun[1]?.resolve("x");
    expect(await Promise.all([left, second])).toEqual(["left", "x"]);
    expect(flights.size).toBe(0);
  });

  test("who comes between two flights joins the next", async () => {
    const { begun, work } = controlled();
    const flights = new Flights<string>();
    const first = flights.join("k", "until it begins", never, work);
    await settle();
    const second = flights.join("k", "until it begins", never, work);
    const third = first.then(() => flights.join("k", "until it begins", never, work));
    begun[0]?.resolve("old");
    await settle();
    begun[1]?.resolve("new");
    expect(await Promise.all([first, second, third])).toEqual(["old", "new", "new"]);
    expect(begun.length).toBe(2);
  });

  test("an error goes to those who waited and is not kept", async () => {
    const { begun, work } = controlled();
    const flights = new Flights<string>();
    const first = flights.join("k", "while under way", never, work).catch(String);
    await settle();
    begun[0]?.reject(new Error("no"));
    expect(await first).toBe("Error: no");
    const second = flights.join("k", "while under way", never, work);
    await settle();
    begun[1]?.resolve("x");
    expect(await second).toBe("x");
  });
});
