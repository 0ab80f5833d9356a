import { choice, type Choices, labels, nodes, phases } from "./generate-choice.ts";
import { fault, mildFault } from "./generate-fault.ts";
import { withReaders } from "./generate-reader.ts";
import {
  type Format,
  type GetMove,
  type ListMove,
  type Move,
  names,
  namespaces,
  type Request,
  resources,
  type Version,
  type WatchMove,
  type WriteMove,
} from "./moves.ts";
import { Random } from "./random.ts";

/** The moves of a seed: nothing but the seed and the target decides them. The last one settles all. */
export function generateMoves(seed: number, count: number, target: "fake" | "real"): Move[] {
  const random = new Random(seed);
  // A run that looks at few selections finds scopes filled; one that looks at many covers more kinds.
  const choices = Array.from({ length: 3 + random.below(5) }, () => choice(random));
  const moves: Move[] = [];
  while (moves.length < count) {
    if (random.chance(0.04)) moves.push(...lag(random, choices));
    else if (random.chance(0.02)) moves.push(...outage(random, choices));
    else if (target === "fake" && random.chance(0.012)) moves.push(...loss(random, choices));
    else moves.push(generate(random, choices, target));
  }
  if (target === "fake" && random.chance(0.3))
    moves.push({ move: "settle" }, { move: "fault", fault: "replace" }, ...wholeLists(random));
  return withReaders([...moves, { move: "settle" }], new Random(seed ^ 0x2eade2));
}

function generate(random: Random, choices: readonly Choices[], target: "fake" | "real"): Move {
  const what = random.weighted({
    write: 30,
    read: 34,
    together: 12,
    watch: 9,
    close: 3,
    fault: 8,
    burst: target === "fake" ? 0.5 : 0.2,
    settle: 1.5,
  });
  switch (what) {
    case "write":
      return write(random, choices);
    case "read":
      return read(random, choices);
    case "together": {
      const moves = Array.from({ length: 2 + random.below(6) }, () => request(random, choices));
      return { move: "together", moves, apartMs: random.pick([0, 0, 5, 20]) };
    }
    case "watch":
      return watch(random, choices);
    case "close":
      return { move: "close", which: random.next() };
    case "fault":
      return target === "fake" ? fault(random) : mildFault(random);
    case "burst":
      return { move: "burst", resource: "configmaps", count: 30 };
    case "settle":
      return { move: "settle" };
  }
}

/** The proxy hears of changes late, while one of its resources is written and read: what sessions are about. */
function lag(random: Random, choices: readonly Choices[]): Move[] {
  const { resource } = random.pick(choices);
  const own = choices.filter((each) => each.resource === resource);
  switch (random.pick(["while held", "while held", "of one flight", "seen elsewhere"] as const)) {
    case "while held":
      return whileHeld([...writesOf(random, own), ...readsOf(random, own)]);
    case "of one flight": {
      // The second asks for what is newer than the answer that the first is about to get.
      const get = getOf(random, own);
      const { namespace, name } = get;
      const change = { ...write(random, own), how: "apply", resource, namespace, name } as const;
      const moves = [get, { ...change, via: "direct", isDryRun: false } as const, get];
      return [
        { move: "fault", fault: "hold all", ms: 60 },
        { move: "together", moves, apartMs: 20 },
      ];
    }
    case "seen elsewhere": {
      // What a forwarded read has shown, a scope that lags behind must show as well.
      const { namespace, name } = getOf(random, own);
      const change = { ...write(random, own), how: "apply", resource, namespace, name } as const;
      const get = { ...getOf(random, own), namespace, name };
      return whileHeld([
        { ...change, via: "direct", isDryRun: false },
        get,
        listOf(random, random.pick(own), "json", { is: "unset" }),
      ]);
    }
  }
}

function wholeLists(random: Random): Move[] {
  const all = { namespace: "", label: undefined, field: undefined, reader: "model" } as const;
  return resources.map((resource) =>
    listOf(random, { resource, choice: all }, "json", { is: "unset" }),
  );
}

/** Upstream forgets what the proxy has not heard of, and things have gone meanwhile. */
function loss(random: Random, choices: readonly Choices[]): Move[] {
  const { resource } = random.pick(choices);
  const others = Array.from({ length: 2 + random.below(5) }, (): Move => {
    const how = random.pick(["create", "apply", "delete at once", "drop finalizers"] as const);
    return { ...write(random, choices), resource, how, via: "direct", isDryRun: false };
  });
  return [
    { ...watch(random, choices), isSlow: false },
    { move: "fault", fault: "hold watches" },
    ...others,
    { move: "fault", fault: "compact" },
    { move: "fault", fault: "cut watches", how: "reset" },
    { move: "fault", fault: "release" },
    read(random, choices),
    read(random, choices),
  ];
}

/** The link is away, and the proxy perhaps killed meanwhile; others write; then all is back. */
function outage(random: Random, choices: readonly Choices[]): Move[] {
  const reads = (count: number) => Array.from({ length: count }, () => read(random, choices));
  const kill = () => ({ move: "fault", fault: "kill", restMs: random.pick([0, 900]) }) as const;
  const [isKilled, isKilledAfter] = [random.chance(0.6), random.chance(0.2)];
  const others = Array.from({ length: random.below(4) }, (): Move => {
    return { ...write(random, choices), via: "direct" };
  });
  return [
    ...(random.chance(0.5) ? [watch(random, choices)] : []),
    ...(isKilled && random.chance(0.3) ? [kill()] : []),
    { move: "fault", fault: "link down" },
    ...reads(1 + random.below(3)),
    ...others,
    ...(isKilled ? [kill()] : []),
    ...reads(2 + random.below(4)),
    watch(random, choices),
    { move: "fault", fault: "link up" },
    ...(isKilledAfter ? [kill()] : []),
    ...reads(2 + random.below(3)),
    { move: "fault", fault: "release" },
    ...reads(2 + random.below(3)),
  ];
}

function whileHeld(moves: readonly Move[]): Move[] {
  const [hold, release] = ["hold watches", "release"] as const;
  return [{ move: "fault", fault: hold }, ...moves, { move: "fault", fault: release }];
}

function writesOf(random: Random, own: readonly Choices[]): Move[] {
  const isGone = random.chance(0.4);
  return Array.from({ length: 1 + random.below(2) }, () => {
    const made = { ...write(random, own), resource: own[0]!.resource };
    const how = random.pick(["delete", "delete collection"] as const);
    return isGone ? { ...made, how, isDryRun: false } : made;
  });
}

function readsOf(random: Random, own: readonly Choices[]): Move[] {
  return Array.from({ length: 2 + random.below(3) }, () => {
    const made = read(random, own);
    return { ...made, version: { is: "unset" } as const };
  });
}

function getOf(random: Random, own: readonly Choices[]): GetMove {
  const { resource, choice: chosen } = random.pick(own);
  return {
    move: "get",
    reader: "model",
    resource,
    namespace: chosen.namespace || random.pick(namespaces),
    name: random.pick(names),
    format: resource === "widgets" ? "json" : "protobuf",
    version: { is: "unset" },
    isExactRead: false,
  };
}

function request(random: Random, choices: readonly Choices[]): Request {
  return random.chance(0.45) ? write(random, choices) : read(random, choices);
}

function write(random: Random, choices: readonly Choices[]): WriteMove {
  const how = random.weighted({
    create: 36,
    update: 10,
    "update of an old version": 4,
    patch: 14,
    "patch of nothing": 3,
    apply: 12,
    status: 8,
    label: 16,
    "drop finalizers": 9,
    delete: 16,
    "delete at once": 8,
    "delete collection": 2,
    evict: 4,
    bind: 4,
  });
  return {
    move: "write",
    via: random.chance(0.7) ? "proxy" : "direct",
    how,
    // Mostly what somebody looks at.
    resource: random.chance(0.8) ? random.pick(choices).resource : random.pick(resources),
    namespace: random.pick(namespaces),
    name: random.pick(names),
    isDryRun: random.chance(0.06),
    labels: random.chance(0.75) ? { l: random.pick(labels) } : {},
    hasFinalizer: random.chance(0.2),
    node: random.pick(nodes),
    text: how === "status" ? random.pick(phases) : String(random.below(1000)),
  };
}

function version(random: Random, weights: Record<"unset" | "zero" | "seen", number>): Version {
  const is = random.weighted(weights);
  return is === "seen" ? { is, back: Math.floor(random.next() ** 2 * 20) } : { is };
}

function read(random: Random, choices: readonly Choices[]): ListMove | GetMove {
  const chosen = random.chance(0.85) ? random.pick(choices) : choice(random);
  const { resource } = chosen;
  const format = resource !== "widgets" && random.chance(0.25) ? "protobuf" : "json";
  const asked = version(random, { unset: 60, zero: 12, seen: 28 });
  if (!random.chance(0.3)) return listOf(random, chosen, format, asked);
  return {
    move: "get",
    reader: "model",
    resource,
    namespace: chosen.choice.namespace || random.pick(namespaces),
    name: random.pick(names),
    format,
    version: asked,
    isExactRead: asked.is === "unset" && random.chance(0.05),
  };
}

function listOf(random: Random, chosen: Choices, format: Format, asked: Version): ListMove {
  return {
    move: "list",
    ...chosen,
    format,
    version: asked,
    match: asked.is === "seen" ? random.pick(["unset", "Exact", "NotOlderThan"]) : "unset",
    limit: random.chance(0.3) ? 1 + random.below(3) : 0,
    isExactRead: asked.is === "unset" && random.chance(0.05),
  };
}

function watch(random: Random, choices: readonly Choices[]): WatchMove {
  const chosen = random.chance(0.85) ? random.pick(choices) : choice(random);
  const form = random.pick(["legacy", "legacy", "initial events", "no initial events"] as const);
  const asked: Version =
    form === "legacy" && random.chance(0.05)
      ? { is: "ahead" }
      : version(random, { unset: 30, zero: 15, seen: 55 });
  return {
    move: "watch",
    ...chosen,
    format: chosen.resource !== "widgets" && random.chance(0.3) ? "protobuf" : "json",
    version: asked,
    form: form === "no initial events" && asked.is === "seen" ? "legacy" : form,
    wantsBookmarks: random.chance(0.6),
    timeoutSeconds: random.chance(0.15) ? 1 + random.below(3) : undefined,
    isSlow: random.chance(0.05),
  };
}
