/** A binary heap: the least of many in logarithmic time. */

export interface Heap<Item> {
  readonly size: number;
  /** The least; undefined if there is none. */
  peek(): Item | undefined;
  push(item: Item): void;
  /** Removes the least. */
  pop(): Item | undefined;
}

/** @param compare negative if `a` is less */
export const createHeap = <Item>(compare: (a: Item, b: Item) => number): Heap<Item> => {
  const items: Item[] = [];
  const isLess = (a: number, b: number): boolean => compare(items[a] as Item, items[b] as Item) < 0;
  const swap = (a: number, b: number): void => {
    [items[a], items[b]] = [items[b] as Item, items[a] as Item];
  };
  return {
    get size() {
      return items.length;
    },
    peek: () => items[0],
    push: (item) => {
      let at = items.push(item) - 1;
      for (let parent = (at - 1) >> 1; at > 0 && isLess(at, parent); parent = (at - 1) >> 1) {
        swap(at, parent);
        at = parent;
      }
    },
    pop: () => {
      const least = items[0];
      const last = items.pop();
      if (items.length === 0 || last === undefined) return least;
      items[0] = last;
      for (let at = 0; ;) {
        const children = [2 * at + 1, 2 * at + 2].filter((child) => child < items.length);
        const [left, right] = children;
        if (left === undefined) return least;
        const child = right !== undefined && isLess(right, left) ? right : left;
        if (!isLess(child, at)) return least;
        swap(at, child);
        at = child;
      }
    },
  };
};
