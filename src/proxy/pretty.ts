/**
 * Whether JSON is to be indented: by the Accept header, else by the query, else since a person asks (apiserver,
 * negotiation/negotiate.go isPrettyPrint).
 */
export function wantsPretty(
  query: URLSearchParams,
  isAccepted: boolean,
  isPerson: boolean,
): boolean {
  if (isAccepted) return true;
  const asked = query.get("pretty") ?? "";
  if (asked !== "") return /^(1|t|T|true|TRUE|True)$/.test(asked);
  return isPerson;
}
