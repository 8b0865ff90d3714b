/** Notes of one kind, as many as rows: prints the first ten, then how many more there are. */
import type { InvalidLine } from '../../../run/results/read-results.js';
import type { Terminal } from './terminal.js';

/** What follows is most often so for the same reason. */
const SAID = 10;

export interface LimitedNotes {
  say: (what: string) => void;
  /** Prints how many were left out. */
  end: () => void;
}

/**
 * @param stderr null: prints nothing
 * @param more what there are more of, if one and if several
 */
export const createLimitedNotes = (
  stderr: Pick<Terminal, 'write'> | null,
  more: readonly [one: string, several: string],
): LimitedNotes => {
  let count = 0;
  return {
    say: (what) => {
      if (++count <= SAID) stderr?.write(`Note: ${what}\n`);
    },
    end: () => {
      const left = count - SAID;
      if (left > 0) stderr?.write(`Note: and ${left} more ${left === 1 ? more[0] : more[1]}\n`);
    },
  };
};

/** Of lines that `foreignLine` tells of. */
export const FOREIGN_LINES = ['line that is not a result', 'lines that are not results'] as const;

/** `out/results.jsonl:3: expected a result of a run, found a line that lacks "status"; skipped` */
export const foreignLine = ({ path, line, what }: InvalidLine): string =>
  `${path}:${line}: expected a result of a run, found a line that ${what}; skipped`;
