import { isJsonObject, type JsonObject, listAt, objectAt, stringAt } from "./fake-json.ts";

/** The pod with this condition; one that says the same already stays as it is. */
export function withCondition(pod: JsonObject, condition: JsonObject): JsonObject {
  const status = objectAt(pod, "status");
  const conditions = listAt(status, "conditions").filter(isJsonObject);
  const isOfType = (each: JsonObject) => stringAt(each, "type") === stringAt(condition, "type");
  const old = conditions.find(isOfType);
  if (old !== undefined && stringAt(old, "status") === stringAt(condition, "status")) return pod;
  const others = conditions.filter((each) => !isOfType(each));
  return { ...pod, status: { ...status, conditions: [...others, condition] } };
}
