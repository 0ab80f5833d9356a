/** The way between a proxy and its apiserver, to be cut. */
export interface Link {
  readonly description: string;
  /** No byte passes from here on; a relay ends it by itself after `cutLimitSeconds`. */
  cut(): Promise<void>;
  /** All passes again; also when it was not cut. */
  restore(): Promise<void>;
  /** undefined where it cannot be told whether the proxy stands behind this link. */
  connections(): Promise<number | undefined>;
}

export type OpenLink = () => Promise<Link>;

/** What a run that is killed leaves cut is whole again after this. */
export const cutLimitSeconds = 120;
