/** What was known before: by an earlier process, from disk, or by this one. */
export interface KnownBefore {
  compare(text: string): "same" | "another" | "unknown";
  learned(text: string): void;
}

/** Of this process only. */
export function rememberedHere(): KnownBefore {
  let known: string | undefined;
  return {
    compare: (text) => (known === undefined ? "unknown" : known === text ? "same" : "another"),
    learned: (text) => void (known = text),
  };
}
