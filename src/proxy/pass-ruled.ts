import type { ResourceRequest } from "../api/request-info.ts";
import { forbidden, notAcceptable } from "../api/status.ts";
import type { Answer } from "../http/answer.ts";
import { passUpstream } from "./forwarding.ts";
import type { ProxyParts } from "./parts.ts";
import { shownAnswer } from "./ruled-answer.ts";
import { isOfAnother, type Ruled } from "./ruled-request.ts";
import { beginOf, shownWatch } from "./ruled-watch.ts";
import {
  currentReader,
  guardedWrite,
  type PassingResource,
  type ReadCurrent,
  refuseHidden,
  writesWhole,
} from "./ruled-write.ts";

/**
 * A request that rules are for, sent upstream, and its answer as they leave it. `ruled` is undefined for a write that only has
 * to be looked at for what it would take away.
 */
export async function passRuled(
  parts: ProxyParts,
  passing: PassingResource,
  ruled: Ruled | undefined,
): Promise<Answer> {
  const { info, request } = passing;
  const readCurrent = currentReader(parts, passing);
  if (ruled !== undefined) refuseFrames(passing, ruled);
  if (ruled !== undefined) await refuseWhatIsHidden(passing, ruled, readCurrent);
  const isWhole = writesWhole(request) && !isOfAnother(info);
  const sent = isWhole ? await guardedWrite(parts, parts.rules, passing, readCurrent) : passing;
  const answer = await passUpstream(parts, sent);
  if (ruled === undefined || isOfAnother(info)) return answer;
  if (request.method === "HEAD") return answer;
  if (info.verb === "watch" && answer.status === 200)
    return shownWatch(answer, ruled, beginOf(passing.target));
  return await shownAnswer(answer, ruled, info);
}

/** Objects in the frames of a WebSocket are not looked into, so they are refused, not passed (CONTRACT 27). */
function refuseFrames({ info, request }: PassingResource, { view }: Ruled): void {
  if (request.block.upgrade === undefined || isOfAnother(info)) return;
  const [rule] = view.rules;
  throw notAcceptable(
    `the rule ${JSON.stringify(rule?.name)} cannot be obeyed in an upgraded connection; ask for ${info.resource} without Upgrade`,
  );
}

async function refuseWhatIsHidden(
  passing: PassingResource,
  { view }: Ruled,
  readCurrent: ReadCurrent,
): Promise<void> {
  const { info } = passing;
  const [hider] = view.hiding;
  if (hider !== undefined && info.verb === "deletecollection")
    throw forbidden(
      `${info.resource} is not deleted as a collection: the rule ${JSON.stringify(hider.name)} hides some of it; delete by name`,
    );
  // The answer to a plain read shows by itself whether it is hidden.
  if (isPlainRead(info) && passing.request.method !== "HEAD") return;
  await refuseHidden(view, passing, readCurrent);
}

function isPlainRead(info: ResourceRequest): boolean {
  const { verb } = info;
  const isRead = verb === "get" || verb === "list" || verb === "watch";
  return isRead && !isOfAnother(info);
}
