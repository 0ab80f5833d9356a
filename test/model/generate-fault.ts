import type { FaultMove } from "./moves.ts";
import type { Random } from "./random.ts";

/** What goes wrong before a fake apiserver. */
export function fault(random: Random): FaultMove {
  const name = random.weighted({
    "cut watches": 18,
    "reset connections": 6,
    compact: 8,
    advance: 8,
    restart: 4,
    delay: 8,
    refuse: 8,
    "reset request": 6,
    truncate: 5,
    "lose answer": 8,
    "hold watches": 22,
    "hold all": 5,
    release: 18,
    "link down": 3,
    "link up": 3,
    kill: 4,
  });
  const verb = random.pick(["list", "watch", "get"] as const);
  switch (name) {
    case "cut watches":
      return { move: "fault", fault: name, how: random.pick(["clean", "reset"]) };
    case "advance":
      return { move: "fault", fault: name, by: 1 + random.below(20) };
    case "restart":
      return { move: "fault", fault: name, downMs: random.below(300) };
    case "delay":
      return { move: "fault", fault: name, verb, ms: 5 + random.below(150) };
    case "refuse":
      return { move: "fault", fault: name, verb, code: random.pick([429, 500, 503, 504]) };
    case "reset request":
      return { move: "fault", fault: name, verb: random.pick([verb, "create"]) };
    case "truncate":
      return { move: "fault", fault: name, verb: random.pick(["list", "get"]) };
    case "lose answer": {
      const method = random.pick(["PUT", "PATCH", "DELETE", "POST"] as const);
      return { move: "fault", fault: name, method };
    }
    case "kill":
      return { move: "fault", fault: name, restMs: restMs(random) };
    case "hold all":
      return { move: "fault", fault: name, ms: random.below(200) };
    default:
      return { move: "fault", fault: name };
  }
}

/** Until what was shown is on disk, or at once. */
function restMs(random: Random): number {
  return random.pick([0, 0, 900]);
}

/** What can be done to a real apiserver from outside, quickly. */
export function mildFault(random: Random): FaultMove {
  const name = random.weighted({
    "reset connections": 8,
    "cut watches": 18,
    "hold watches": 25,
    release: 25,
    "hold all": 5,
    kill: 3,
  });
  if (name === "kill") return { move: "fault", fault: name, restMs: restMs(random) };
  if (name === "hold all") return { move: "fault", fault: name, ms: random.below(200) };
  if (name === "cut watches") return { move: "fault", fault: name, how: "reset" };
  return { move: "fault", fault: name };
}
