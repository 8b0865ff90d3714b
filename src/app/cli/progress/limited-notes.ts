/** Prints the first ten notes of a kind, and at the end the number of the others. */
import type { InvalidLine } from '../../../run/results/read-results.js';
import type { Terminal } from './terminal.js';

/** More notes would mostly repeat the reason. */
const MAX_PRINTED = 10;

export interface LimitedNotes {
  say: (note: string) => void;
  /** Prints the number of notes left out. */
  end: () => void;
}

/**
 * @param stderr null: prints nothing
 * @param more noun for the notes left out, singular and plural
 */
export const createLimitedNotes = (
  stderr: Pick<Terminal, 'write'> | null,
  more: readonly [one: string, several: string],
): LimitedNotes => {
  let count = 0;
  return {
    say: (note) => {
      if (++count <= MAX_PRINTED) stderr?.write(`Note: ${note}\n`);
    },
    end: () => {
      const left = count - MAX_PRINTED;
      if (left > 0) stderr?.write(`Note: and ${left} more ${left === 1 ? more[0] : more[1]}\n`);
    },
  };
};

/** Nouns for the notes of `foreignLine`. */
export const FOREIGN_LINES = ['line that is not a result', 'lines that are not results'] as const;

/** `out/results.jsonl:3: expected a result of a run, found a line that lacks "status"; skipped` */
export const foreignLine = ({ path, line, what }: InvalidLine): string =>
  `${path}:${line}: expected a result of a run, found a line that ${what}; skipped`;
