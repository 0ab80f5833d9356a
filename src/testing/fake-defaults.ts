import { type JsonObject, objectAt, stringAt } from "./fake-json.ts";
import { type FakeType } from "./fake-types.ts";

/** The few defaults that tests look at. */
export function defaulted(type: FakeType, object: JsonObject): JsonObject {
  const metadata = objectAt(object, "metadata");
  switch (type.kind) {
    case "Secret": {
      const plain = Object.entries(objectAt(object, "stringData")).map(
        ([key, value]) => [key, Buffer.from(String(value)).toString("base64")] as const,
      );
      const data = { ...objectAt(object, "data"), ...Object.fromEntries(plain) };
      return { type: "Opaque", ...object, data };
    }
    case "Namespace": {
      const name = { "kubernetes.io/metadata.name": stringAt(metadata, "name") };
      const labels = { ...objectAt(metadata, "labels"), ...name };
      const spec = { finalizers: ["kubernetes"] };
      return { ...object, metadata: { ...metadata, labels }, spec, status: { phase: "Active" } };
    }
    case "Pod":
      return {
        ...object,
        spec: {
          restartPolicy: "Always",
          dnsPolicy: "ClusterFirst",
          schedulerName: "default-scheduler",
          ...objectAt(object, "spec"),
        },
        status: { phase: "Pending" },
      };
    case "Deployment":
      return { ...object, spec: { replicas: 1, ...objectAt(object, "spec") }, status: {} };
    case "Node":
    case "Service":
      return { ...object, spec: objectAt(object, "spec"), status: {} };
    default:
      return object;
  }
}
