import type { ResourceRequest } from "../api/request-info.ts";
import { forbidden, notAcceptable } from "../api/status.ts";
import { type Answer, withHeaders } from "../http/answer.ts";
import { View } from "../rules/view.ts";
import { countedAnswer } from "./counted-answer.ts";
import { passUpstream } from "./forwarding.ts";
import type { ProxyParts } from "./parts.ts";
import { shownAnswer } from "./ruled-answer.ts";
import { currentReader, type PassingResource, type ReadCurrent } from "./ruled-object.ts";
import { blindPatch } from "./ruled-patch.ts";
import { isOfAnother, isScale, type Ruled } from "./ruled-request.ts";
import { hiddenTarget, toActedOn } from "./ruled-target.ts";
import { beginOf, shownWatch } from "./ruled-watch.ts";
import { guardedWrite, writesWhole } from "./ruled-write.ts";

/**
 * A request that rules are for, sent upstream, and its answer as they leave it. `ruled` is undefined for a write that only has
 * to be looked at for what it would take away.
 */
export async function passRuled(
  parts: ProxyParts,
  passing: PassingResource,
  ruled: Ruled | undefined,
): Promise<Answer> {
  if (ruled === undefined) {
    const readCurrent = currentReader(parts, passing);
    return await passUpstream(parts, await guarded(parts, passing, readCurrent));
  }
  refuseFrames(passing, ruled);
  refuseCollection(passing, ruled);
  const { info, request } = passing;
  const asked = await toActedOn(passing, ruled.view);
  const readCurrent = currentReader(parts, asked);
  // The answer to a plain read shows by itself whether it is hidden.
  if (!isPlainRead(info)) {
    const hidden = await hiddenTarget(parts, asked, ruled, readCurrent);
    if (hidden !== undefined) return hidden;
  }
  const sent = await blindPatch({ ...asked, info }, ruled.view);
  const answer = await passUpstream(parts, await guarded(parts, sent, readCurrent));
  const isOfScale = isScale(info, ruled);
  if (isOfAnother(info) && !isOfScale) return answer;
  if (request.method === "HEAD") {
    const isShown = answer.status < 300 && info.verb === "get";
    const hidden = isShown && (await hiddenTarget(parts, passing, ruled, readCurrent));
    return hidden || withoutLength(answer);
  }
  if (info.verb === "watch" && answer.status === 200)
    return shownWatch(answer, ruled, beginOf(passing.target));
  const counted = countedAnswer(answer, parts.apiserver.holding, request);
  return await shownAnswer(counted, isOfScale ? withoutHiding(ruled) : ruled, info);
}

async function guarded(
  parts: ProxyParts,
  passing: PassingResource,
  readCurrent: ReadCurrent,
): Promise<PassingResource> {
  if (!writesWhole(passing.request) || isOfAnother(passing.info)) return passing;
  return await guardedWrite(parts, parts.rules, passing, readCurrent);
}

/** Objects in the frames of a WebSocket are not looked into, so they are refused, not passed (CONTRACT 27). */
function refuseFrames({ info, request }: PassingResource, { view }: Ruled): void {
  if (request.block.upgrade === undefined || isOfAnother(info)) return;
  const [rule] = view.rules;
  throw notAcceptable(
    `the rule ${JSON.stringify(rule?.name)} cannot be obeyed in an upgraded connection; ask for ${info.resource} without Upgrade`,
  );
}

function refuseCollection({ info }: PassingResource, { view }: Ruled): void {
  const [hider] = view.hiding;
  if (hider === undefined || info.verb !== "deletecollection") return;
  throw forbidden(
    `${info.resource} is not deleted as a collection: the rule ${JSON.stringify(hider.name)} hides some of it; delete by name`,
  );
}

function isPlainRead(info: ResourceRequest): boolean {
  const { verb } = info;
  const isRead = verb === "get" || verb === "list" || verb === "watch";
  return isRead && !isOfAnother(info);
}

/** Whether it was hidden has been seen by its object; a Scale has no labels. */
function withoutHiding(ruled: Ruled): Ruled {
  return { ...ruled, view: new View(ruled.view.trimming) };
}

/** A length tells how much an object, or a list, has that is not shown; upstream refuses HEAD for all but custom resources. */
function withoutLength(answer: Answer): Answer {
  if (answer.status >= 300) return answer;
  const headers = new Headers(answer.headers);
  headers.delete("content-length");
  return withHeaders(answer, headers);
}
