/** Standard error: wrapped text, in colours, above a progress line. */
import picocolors from 'picocolors';
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';
import { hideUriSecrets } from '../../../records/uri-secrets.js';
import { hasColors, type ColorChoice } from './color-choice.js';
import { escapeControlsInLines } from './escape-controls.js';

export type Colors = Pick<
  ReturnType<typeof picocolors.createColors>,
  'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'
>;

export const PLAIN: Colors = picocolors.createColors(false);

export interface Terminal {
  /** Whether the cursor can be moved; false for a pipe, a file and a "dumb" terminal. */
  readonly isTTY: boolean;
  /** Cells of a line; Infinity: lines are not wrapped. */
  readonly columns: number;
  readonly colors: Colors;
  /** Writes any text, with control characters escaped and without secrets of URIs. */
  write: (text: string) => void;
  /** Writes text with colours; the caller has escaped control characters in its untrusted parts. */
  writeStyled: (text: string) => void;
  /** Sets the progress line below all other output, at most `statusWidth` cells; null: no line. Does nothing unless `isTTY`. */
  status: (line: string | null) => void;
  readonly statusWidth: number;
  /** Removes the `^C` that a terminal prints for Ctrl-C. */
  clearLine: () => void;
  chooseColors: (choice: ColorChoice | undefined) => void;
}

interface Place {
  stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  env: Readonly<Record<string, string | undefined>>;
}

/** Erases from the cursor's line downwards. */
const ERASE = '\r\u001b[J';
/** Narrower lines are unreadable. */
const LEAST_COLUMNS = 20;
const USUAL_COLUMNS = 80;
/** Cells for `^C` beside the progress line. */
const BESIDE_STATUS = 3;

export const createTerminal = ({ stderr, env }: Place): Terminal => {
  const isTTY = stderr.isTTY === true && env['TERM'] !== 'dumb';
  const columnsNow = (): number => Math.max(LEAST_COLUMNS, stderr.columns ?? USUAL_COLUMNS);
  let colors = picocolors.createColors(hasColors(undefined, { env, stderr }));
  let status = '';
  /* The line takes several lines after the window became narrower. */
  const eraseStatus = (): string => {
    if (status === '') return '';
    const above = Math.ceil(stringWidth(status) / columnsNow()) - 1;
    return above > 0 ? `\u001b[${above}A${ERASE}` : ERASE;
  };
  /* One write, to avoid flicker. */
  const writeStyled = (text: string): void => {
    const shown = isTTY ? wrap(text, columnsNow()) : text;
    stderr.write(eraseStatus() + shown + status);
  };
  return {
    isTTY,
    get columns() {
      return isTTY ? columnsNow() : Infinity;
    },
    get colors() {
      return colors;
    },
    write: (text) => {
      writeStyled(escapeControlsInLines(hideUriSecrets(text)));
    },
    writeStyled,
    status: (line) => {
      if (!isTTY) return;
      const erased = eraseStatus();
      status = line ?? '';
      if (erased + status !== '') stderr.write(erased + status);
    },
    get statusWidth() {
      return columnsNow() - BESIDE_STATUS;
    },
    clearLine: () => {
      if (isTTY) stderr.write((eraseStatus() || ERASE) + status);
    },
    chooseColors: (choice) => {
      colors = picocolors.createColors(hasColors(choice, { env, stderr }));
    },
  };
};

/** Wraps text at words, to at most `columns` cells; breaks longer words anywhere. */
export const fold = (text: string, columns: number): string[] => wrapAnsi(text, columns, { hard: true }).split('\n');

/** The first `lines` lines of wrapped text, with … if more would follow. */
export const cut = (text: string, columns: number, lines = 1): string[] => {
  const whole = fold(text, columns);
  if (whole.length <= lines) return whole;
  const kept = fold(text, columns - 1).slice(0, lines);
  return kept.map((line, index) => (index === lines - 1 ? `${line}…` : line));
};

/** Folds each line and keeps its indent. */
const wrap = (text: string, columns: number): string =>
  text
    .split('\n')
    .flatMap((line) => {
      if (stringWidth(line) <= columns) return [line];
      const indent = ' '.repeat(Math.min(line.search(/[^ ]|$/), columns / 2));
      const folded = fold(line.trim(), columns - indent.length).map((piece) => indent + piece);
      /* Folding trims; the space after a question must stay. */
      return line.endsWith(' ') ? [...folded.slice(0, -1), `${folded.at(-1) ?? ''} `] : folded;
    })
    .join('\n');
