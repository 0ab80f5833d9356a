import type { Move, Reader, Request } from "./moves.ts";
import type { Random } from "./random.ts";

/** The same moves, some of their reads by whom the rules are for. */
export function withReaders(moves: readonly Move[], random: Random): Move[] {
  return moves.map((move): Move => {
    switch (move.move) {
      case "list":
      case "get":
      case "write":
        return requestBy(random, move);
      case "watch":
        return { ...move, choice: { ...move.choice, reader: reader(random, 0.35) } };
      case "together":
        return { ...move, moves: move.moves.map((each) => requestBy(random, each)) };
      case "fault":
      case "close":
      case "burst":
      case "settle":
        return move;
    }
  });
}

function requestBy(random: Random, move: Request): Request {
  switch (move.move) {
    case "list":
      return { ...move, choice: { ...move.choice, reader: reader(random, 0.25) } };
    case "get":
      return { ...move, reader: reader(random, 0.25) };
    case "write":
      return move;
  }
}

function reader(random: Random, ruled: number): Reader {
  return random.chance(ruled) ? "ruled" : "model";
}
