/** A priority queue of byte-pair merges: positions by rank, lowest rank first. A binary heap of the ranks. Pure. */

export class MergeQueue {
  readonly #ranks: number[] = [];
  readonly #positions = new Map<number, number[]>();

  push(rank: number, position: number): void {
    const positions = this.#positions.get(rank);
    if (positions !== undefined) {
      positions.push(position);
      return;
    }
    this.#positions.set(rank, [position]);
    this.#siftUp(this.#ranks.push(rank) - 1, rank);
  }

  /** The lowest rank, with all of its positions. @returns null if the queue is empty */
  popLowest(): { rank: number; positions: number[] } | null {
    const [rank] = this.#ranks;
    const last = this.#ranks.pop();
    if (rank === undefined || last === undefined) return null;
    if (this.#ranks.length > 0) this.#siftDown(last);
    const positions = this.#positions.get(rank) ?? [];
    this.#positions.delete(rank);
    return { rank, positions };
  }

  #siftUp(from: number, rank: number): void {
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

  /** Inserts a rank at the root. */
  #siftDown(rank: number): void {
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
