/** Progress of a download on standard error: one updated line on a terminal, elsewhere a line every minute. */
import { bytesText } from '../../doctor/bytes-text.js';
import { escapeControls } from './escape-controls.js';
import { cut, type Terminal } from './terminal.js';

export interface DownloadProgress {
  /** @param done, total bytes */
  report: (done: number, total: number, file: string) => void;
  end: () => void;
}

export const downloadProgress = (stderr: Terminal, what: string, quiet: boolean): DownloadProgress => {
  const every = stderr.isTTY ? 200 : 60_000;
  let last = -Infinity;
  return {
    report: (done, total, file) => {
      const now = performance.now();
      if (quiet || (now - last < every && done < total)) return;
      last = now;
      const text = `${what}: ${bytesText(done)} of ${bytesText(total)}, ${file}`;
      if (stderr.isTTY) stderr.status(cut(escapeControls(text), stderr.statusWidth).join(''));
      else stderr.write(`${text}\n`);
    },
    end: () => {
      stderr.status(null);
    },
  };
};
