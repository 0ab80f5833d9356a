/** Sub-buckets of each power of two: a value is off by at most 1/64, 1.6 %. */
const subBuckets = 64;

/** Latencies in microseconds, in buckets that grow with the value: small, mergeable, exact to 1.6 %. */
export class Histogram {
  #counts = new Map<number, number>();
  #total = 0;

  /** How many values were recorded. */
  get total(): number {
    return this.#total;
  }

  /** Records a value in microseconds; what is negative counts as 0. */
  record(microseconds: number): void {
    const bucket = bucketOf(Math.max(0, microseconds));
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
    this.#total++;
  }

  /** The value in microseconds that this share (0 to 1) of all values do not exceed; NaN when there are none. */
  quantile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#total));
    let seen = 0;
    for (const [bucket, count] of [...this.#counts].toSorted(([a], [b]) => a - b)) {
      seen += count;
      if (seen >= wanted) return valueOf(bucket);
    }
    return Number.NaN;
  }

  /** Adds what another one (or its `toJSON`) has recorded. */
  merge(other: readonly (readonly [number, number])[]): void {
    for (const [bucket, count] of other) {
      this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
      this.#total += count;
    }
  }

  /** Buckets and their counts, to be merged elsewhere. */
  toJSON(): readonly (readonly [number, number])[] {
    return [...this.#counts];
  }
}

function bucketOf(value: number): number {
  const whole = Math.round(value);
  if (whole < subBuckets) return whole;
  const shift = Math.floor(Math.log2(whole)) - Math.log2(subBuckets);
  return (shift + 1) * subBuckets + Math.floor(whole / 2 ** shift) - subBuckets;
}

/** The middle of a bucket. */
function valueOf(bucket: number): number {
  if (bucket < subBuckets) return bucket;
  const shift = Math.floor(bucket / subBuckets) - 1;
  const lowest = ((bucket % subBuckets) + subBuckets) * 2 ** shift;
  return lowest + (2 ** shift - 1) / 2;
}
