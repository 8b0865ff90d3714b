/** Places that wait under a rank; the lowest rank is taken first, with all of its places. A binary heap of the ranks. Pure. */

export class LowestFirst {
  readonly #ranks: number[] = [];
  readonly #places = new Map<number, number[]>();

  add(rank: number, place: number): void {
    const places = this.#places.get(rank);
    if (places !== undefined) {
      places.push(place);
      return;
    }
    this.#places.set(rank, [place]);
    this.#rise(this.#ranks.push(rank) - 1, rank);
  }

  /** @returns null: nothing waits */
  take(): { rank: number; places: number[] } | null {
    const [rank] = this.#ranks;
    const last = this.#ranks.pop();
    if (rank === undefined || last === undefined) return null;
    if (this.#ranks.length > 0) this.#sink(last);
    const places = this.#places.get(rank) ?? [];
    this.#places.delete(rank);
    return { rank, places };
  }

  #rise(from: number, rank: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#ranks[parent] ?? -Infinity;
      if (above <= rank) break;
      this.#ranks[at] = above;
      at = parent;
    }
    this.#ranks[at] = rank;
  }

  /** Puts a rank in at the top. */
  #sink(rank: number): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const child = (this.#ranks[left + 1] ?? Infinity) < (this.#ranks[left] ?? Infinity) ? left + 1 : left;
      const below = this.#ranks[child] ?? Infinity;
      if (below >= rank) break;
      this.#ranks[at] = below;
      at = child;
    }
    this.#ranks[at] = rank;
  }
}
