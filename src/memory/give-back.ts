import { giveBackCode } from "./code-pages.ts";

/** What is less leaves little behind. */
const largeBytes = 4 << 20;
/** Until what was under way with it is over. */
const settleMs = 500;

/** Soon gives back to the system what work on so many bytes has left: its garbage, and the code that it was compiled to. */
export function giveBackAfter(byteLength: number): void {
  if (byteLength > largeBytes) setTimeout(giveBack, settleMs).unref();
}

/** Soon gives back the code that only the start has run. */
export function giveBackAfterStart(): void {
  setTimeout(giveBackCode, settleMs).unref();
}

function giveBack(): void {
  Bun.shrink();
  Bun.gc(true);
  giveBackCode();
}
