/** The order of a run's inputs, from the orders in which its results files have them. */
import { RefineError } from '../../../errors.js';
import { createHeap } from './heap.js';

/** A command line has fewer; files of another program may have a name a line. */
const MAX_INPUTS = 200_000;

export interface InputNames {
  /** The number of a name, in the order of first use. @throws MANIFEST_UNREADABLE above the limit */
  idOf(name: string): number;
  nameOf(id: number): string;
  /** Notes that a results file has rows of `after` next after those of `before`. */
  follow(before: number, after: number): void;
  /** @returns each id's position */
  order(): readonly number[];
}

export const createInputNames = (): InputNames => {
  const ids = new Map<string, number>();
  const names: string[] = [];
  const followers: Set<number>[] = [];
  return {
    idOf: (name) => {
      const known = ids.get(name);
      if (known !== undefined) return known;
      if (names.length === MAX_INPUTS) {
        throw new RefineError(
          'MANIFEST_UNREADABLE',
          `Expected results of at most ${MAX_INPUTS} inputs, found more. Merge fewer files at a time.`,
        );
      }
      followers.push(new Set());
      ids.set(name, names.length);
      return names.push(name) - 1;
    },
    nameOf: (id) => names[id] ?? '',
    follow: (before, after) => {
      followers[before]?.add(after);
    },
    order: () => positionsOf(names, followers),
  };
};

/** Inputs whose order no file tells are in the order of their names, as a shell and a folder have them. */
const positionsOf = (names: readonly string[], followers: readonly ReadonlySet<number>[]): number[] => {
  const waitsFor = new Array<number>(names.length).fill(0);
  for (const after of followers.flatMap((set) => [...set])) waitsFor[after] = (waitsFor[after] ?? 0) + 1;
  const nameOf = (id: number): string => names[id] ?? '';
  const free = createHeap<number>((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const isPlaced = new Array<boolean>(names.length).fill(false);
  const positions = new Array<number>(names.length).fill(0);
  waitsFor.forEach((count, id) => {
    if (count === 0) free.push(id);
  });
  /* Files may disagree, for instance after an --append of the inputs in another order: then the input seen first goes first. */
  let oldest = 0;
  for (let position = 0; position < names.length; position++) {
    while (isPlaced[oldest] === true) oldest++;
    const id = free.pop() ?? oldest;
    isPlaced[id] = true;
    positions[id] = position;
    for (const after of followers[id] ?? []) {
      const left = (waitsFor[after] ?? 0) - 1;
      waitsFor[after] = left;
      if (left === 0 && isPlaced[after] !== true) free.push(after);
    }
  }
  return positions;
};
