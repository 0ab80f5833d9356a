import { goQuote } from "./go-quote.ts";
import type { DecodedListOptions, ListOptions } from "./list-options.ts";
import { invalidListOptions, type StatusCause } from "./status.ts";

/**
 * What goes together in the options of a LIST or WATCH (apimachinery, internalversion/validation); throws `invalidListOptions` with
 * every rule that is broken, in upstream's order.
 */
export function validateListOptions(options: DecodedListOptions): ListOptions {
  const causes = options.watch ? watchCauses(options) : listCauses(options);
  const match = options.resourceVersionMatch;
  if (causes.length === 0 && isMatch(match)) return { ...options, resourceVersionMatch: match };
  const reasons = causes.map((cause) => `${cause.field}: ${cause.message}`);
  throw invalidListOptions(
    reasons.length === 1 ? reasons.join("") : `[${reasons.join(", ")}]`,
    causes,
  );
}

function listCauses(options: DecodedListOptions): readonly StatusCause[] {
  const { resourceVersion, resourceVersionMatch: match } = options;
  const causes: StatusCause[] = [];
  if (match !== "") {
    if (resourceVersion === "") {
      causes.push(
        forbiddenMatch("resourceVersionMatch is forbidden unless resourceVersion is provided"),
      );
    }
    if (options.continue !== "") causes.push(matchWithContinue);
    if (!isMatch(match)) causes.push(unsupportedMatch(match, '"Exact", "NotOlderThan", ""'));
    if (match === "Exact" && resourceVersion === "0") {
      causes.push(
        forbiddenMatch('resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
      );
    }
  }
  if (options.sendInitialEvents !== undefined) {
    causes.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  return causes;
}

function watchCauses(options: DecodedListOptions): readonly StatusCause[] {
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  const causes: StatusCause[] = [];
  if (sendInitialEvents !== undefined && match !== "NotOlderThan") {
    causes.push(
      forbiddenMatch("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
    );
  }
  if (match === "") return causes;
  if (sendInitialEvents === undefined) {
    causes.push(
      forbiddenMatch(
        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
      ),
    );
  }
  if (match !== "NotOlderThan") causes.push(unsupportedMatch(match, '"NotOlderThan"'));
  if (options.continue !== "") causes.push(matchWithContinue);
  return causes;
}

const matchWithContinue = forbiddenMatch(
  "resourceVersionMatch is forbidden when continue is provided",
);

function isMatch(text: string): text is ListOptions["resourceVersionMatch"] {
  return text === "" || text === "Exact" || text === "NotOlderThan";
}

function forbiddenMatch(why: string): StatusCause {
  return forbidden("resourceVersionMatch", why);
}

function forbidden(field: string, why: string): StatusCause {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field };
}

function unsupportedMatch(value: string, supported: string): StatusCause {
  return {
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${goQuote(value)}: supported values: ${supported}`,
    field: "resourceVersionMatch",
  };
}
