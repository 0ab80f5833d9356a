/**
 * Whether JSON is to be indented: by the query, else by the Accept header or since a person asks (apiserver,
 * negotiation/negotiate.go isPrettyPrint).
 */
export function wantsPretty(
  query: URLSearchParams,
  isAccepted: boolean,
  isPerson: boolean,
): boolean {
  const asked = query.get("pretty") ?? "";
  if (asked !== "") return /^(1|t|T|true|TRUE|True)$/.test(asked);
  return isAccepted || isPerson;
}
