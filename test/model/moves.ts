/** The types that a run works on: they differ in what DELETE answers, in their fields, in status and in protobuf. */
export const resources = ["configmaps", "pods", "widgets"] as const;
export type Resource = (typeof resources)[number];

/** `m-a/x` comes before `m/x` in the order of keys. */
export const namespaces = ["m", "m-a"] as const;
export const names = ["a", "a-b", "b"] as const;

/** Whose reads: rules are for `ruled` only. */
export type Reader = "model" | "ruled";

/** What a read selects, as data: the model judges it by itself. */
export interface Choice {
  /** Empty: all. */
  readonly namespace: string;
  readonly label: LabelTerm | undefined;
  readonly field: FieldTerm | undefined;
  readonly reader: Reader;
}

export interface LabelTerm {
  readonly key: string;
  readonly operator: "=" | "!=" | "in" | "notin" | "exists" | "absent";
  readonly values: readonly string[];
}

export interface FieldTerm {
  readonly path: "metadata.name" | "spec.nodeName" | "status.phase";
  readonly operator: "=" | "!=";
  readonly value: string;
}

export type Format = "json" | "protobuf";

/** A version that a read names; `back` counts from the latest that a client has seen. */
export type Version =
  | { readonly is: "unset" }
  | { readonly is: "zero" }
  | { readonly is: "seen"; readonly back: number }
  /** Only in watches: a little ahead of everything. */
  | { readonly is: "ahead" };

export interface WriteMove {
  readonly move: "write";
  readonly via: "proxy" | "direct";
  readonly how:
    | "create"
    | "update"
    | "update of an old version"
    | "patch"
    | "patch of nothing"
    | "apply"
    | "status"
    | "label"
    | "drop finalizers"
    | "delete"
    | "delete at once"
    | "delete collection"
    /** Of pods; others are deleted, and patched. */
    | "evict"
    | "bind";
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly isDryRun: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly hasFinalizer: boolean;
  readonly node: string;
  readonly text: string;
}

export interface ListMove {
  readonly move: "list";
  readonly resource: Resource;
  readonly choice: Choice;
  readonly format: Format;
  readonly version: Version;
  readonly match: "unset" | "Exact" | "NotOlderThan";
  readonly limit: number;
  readonly isExactRead: boolean;
}

export interface GetMove {
  readonly move: "get";
  readonly reader: Reader;
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly format: Format;
  readonly version: Version;
  readonly isExactRead: boolean;
}

export interface WatchMove {
  readonly move: "watch";
  readonly resource: Resource;
  readonly choice: Choice;
  readonly format: Format;
  readonly version: Version;
  /** `legacy` names no sendInitialEvents: without a version it is a WatchList all the same. */
  readonly form: "legacy" | "initial events" | "no initial events";
  readonly wantsBookmarks: boolean;
  readonly timeoutSeconds: number | undefined;
  /** Reads nothing until the end. */
  readonly isSlow: boolean;
}

export type FaultMove = { readonly move: "fault" } & (
  | { readonly fault: "cut watches"; readonly how: "clean" | "reset" }
  | { readonly fault: "reset connections" }
  | { readonly fault: "compact" }
  | { readonly fault: "advance"; readonly by: number }
  | { readonly fault: "restart"; readonly downMs: number }
  | { readonly fault: "delay"; readonly verb: "list" | "watch" | "get"; readonly ms: number }
  | { readonly fault: "refuse"; readonly verb: "list" | "watch" | "get"; readonly code: number }
  | { readonly fault: "reset request"; readonly verb: "list" | "watch" | "get" | "create" }
  | { readonly fault: "truncate"; readonly verb: "list" | "get" }
  | { readonly fault: "lose answer"; readonly method: "PUT" | "PATCH" | "DELETE" | "POST" }
  | { readonly fault: "hold watches" }
  | { readonly fault: "hold all"; readonly ms: number }
  | { readonly fault: "release" }
  /** Connections are refused from here on, until `link up`. */
  | { readonly fault: "link down" }
  | { readonly fault: "link up" }
  /** kill -9 of the proxy after a rest, and a start on the same folder; its clients resume their watches. */
  /** Upstream is another one, of an empty store. */
  | { readonly fault: "replace" }
  | { readonly fault: "kill"; readonly restMs: number }
);

export type Request = WriteMove | ListMove | GetMove;

export type Move =
  | Request
  | WatchMove
  | FaultMove
  | {
      readonly move: "together";
      readonly moves: readonly Request[];
      /** From the start of one to the start of the next. */
      readonly apartMs: number;
    }
  | { readonly move: "close"; readonly which: number }
  /** Many large changes at once: who reads nothing falls behind. */
  | { readonly move: "burst"; readonly resource: Resource; readonly count: number }
  | { readonly move: "settle" };
