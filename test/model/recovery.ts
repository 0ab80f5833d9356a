import { waitUntil } from "../../src/testing/child-process.ts";
import type { Session } from "./session.ts";

/** Waits until the proxy has found that upstream is there, where it may still take it to be out. */
export async function untilFound(session: Session): Promise<void> {
  const { proxy } = session.world;
  const isBack = async () => {
    const answer = await fetch(`${proxy.url}/version`).catch(() => undefined);
    return answer?.headers.get("x-edge-proxy") === "upstream";
  };
  if (session.isOut) await waitUntil("the proxy finds upstream again", isBack, 15);
  session.isBack();
}
