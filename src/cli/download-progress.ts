/** A download as a person watches it, on standard error: a line in place on a terminal, one a minute elsewhere. */
import { bytesText } from '../doctor/bytes-text.js';
import type { Surroundings } from './surroundings.js';

export interface DownloadProgress {
  /** @param done, total bytes */
  report: (done: number, total: number, file: string) => void;
  end: () => void;
}

export const downloadProgress = (stderr: Surroundings['stderr'], what: string, quiet: boolean): DownloadProgress => {
  const isTerminal = stderr.isTTY === true;
  const every = isTerminal ? 200 : 60_000;
  let last = -Infinity;
  let isOpen = false;
  return {
    report: (done, total, file) => {
      const now = performance.now();
      if (quiet || (now - last < every && done < total)) return;
      last = now;
      const text = `${what}: ${bytesText(done)} of ${bytesText(total)}, ${file}`;
      stderr.write(isTerminal ? `\r${text}\u001b[K` : `${text}\n`);
      isOpen = isTerminal;
    },
    end: () => {
      if (isOpen) stderr.write('\n');
      isOpen = false;
    },
  };
};
