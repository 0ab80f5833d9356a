import type { ObjectKey } from "../api/object-key.ts";

/** Numbers below 2^32 that each key has. */
export const column = {
  /** The segment that the newest record of the key is in, the place and the bytes of that record. */
  segment: 0,
  position: 1,
  length: 2,
  /** 1 while the newest record says that the object is there. */
  isThere: 3,
  /** Records on disk that say that the object is there; while one is left, `gone` must not be forgotten. */
  copies: 4,
} as const;
export type Column = (typeof column)[keyof typeof column];

const columns = 5;
const firstRows = 64;

/** A row of numbers for each key, 20 bytes beside the Map's own: an object for each would take 64. */
export class SegmentEntries {
  readonly #rows = new Map<ObjectKey, number>();
  readonly #free: number[] = [];
  #cells = new Uint32Array(firstRows * columns);

  has(key: ObjectKey): boolean {
    return this.#rows.has(key);
  }

  /** undefined where the key has none. */
  rowOf(key: ObjectKey): number | undefined {
    return this.#rows.get(key);
  }

  /** A new row, of zeros. */
  add(key: ObjectKey): number {
    const row = this.#free.pop() ?? this.#rows.size;
    this.#rows.set(key, row);
    const start = row * columns;
    if (start + columns > this.#cells.length) this.#grow();
    this.#cells.fill(0, start, start + columns);
    return row;
  }

  delete(key: ObjectKey): void {
    const row = this.#rows.get(key);
    if (row === undefined) return;
    this.#rows.delete(key);
    this.#free.push(row);
  }

  get(row: number, of: Column): number {
    return this.#cells[row * columns + of] ?? 0;
  }

  set(row: number, of: Column, value: number): void {
    this.#cells[row * columns + of] = value;
  }

  #grow(): void {
    const cells = new Uint32Array(Math.ceil(this.#cells.length * 1.5));
    cells.set(this.#cells);
    this.#cells = cells;
  }
}
