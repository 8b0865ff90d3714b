/** Names the lines of results that are passed over: the first few, and how many more there are. */
import type { LineFault, TellFault } from '../../../run/results/read-results.js';
import type { Terminal } from './terminal.js';

/** What follows is most often wrong for the same reason. */
const NAMED = 10;

export interface PassedOver {
  tell: TellFault;
  /** Says how many were not named. */
  end: () => void;
}

/** @param stderr null: nothing is said */
export const createPassedOver = (stderr: Pick<Terminal, 'write'> | null): PassedOver => {
  let count = 0;
  return {
    tell: (fault) => {
      if (++count <= NAMED) stderr?.write(`Note: ${faultText(fault)}; the line is passed over\n`);
    },
    end: () => {
      const more = count - NAMED;
      if (more > 0) stderr?.write(`Note: and ${more} more ${more === 1 ? 'line' : 'lines'} that no run wrote\n`);
    },
  };
};

/** `out/results.jsonl:3: expected a result of a run, found a line that lacks "status"` */
export const faultText = ({ path, line, what }: LineFault): string =>
  `${path}:${line}: expected a result of a run, found a line that ${what}`;
