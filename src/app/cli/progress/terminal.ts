/** Standard error as a person reads it: wrapped, in colours, above a line of progress that nothing overprints. */
import picocolors from 'picocolors';
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';
import { hasColors, type ColorChoice } from './color-choice.js';
import { escapeControlsInLines } from './escape-controls.js';

export type Colors = Pick<
  ReturnType<typeof picocolors.createColors>,
  'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'
>;

export const PLAIN: Colors = picocolors.createColors(false);

export interface Terminal {
  /** Its cursor can be moved; a pipe, a file and a "dumb" terminal only take lines. */
  readonly isTTY: boolean;
  /** Cells of a line; Infinity where lines are not wrapped. */
  readonly columns: number;
  readonly colors: Colors;
  /** Says any text, with what a terminal would obey made visible. */
  write: (text: string) => void;
  /** Says text with colours, of which each foreign part went through `plainText`. */
  writeStyled: (text: string) => void;
  /** The progress line below all other output, at most `statusWidth` cells; null: none. Only where `isTTY`. */
  status: (line: string | null) => void;
  readonly statusWidth: number;
  /** Clears the cursor's line of the `^C` that a terminal shows when it is pressed. */
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
/** Room that `^C` takes beside the line of progress. */
const BESIDE_STATUS = 3;

export const createTerminal = ({ stderr, env }: Place): Terminal => {
  const isTTY = stderr.isTTY === true && env['TERM'] !== 'dumb';
  const columnsNow = (): number => Math.max(LEAST_COLUMNS, stderr.columns ?? USUAL_COLUMNS);
  let colors = picocolors.createColors(hasColors(undefined, { env, stderr }));
  let status = '';
  /* A window that became narrower has broken the line in pieces. */
  const eraseStatus = (): string => {
    if (status === '') return '';
    const above = Math.ceil(stringWidth(status) / columnsNow()) - 1;
    return above > 0 ? `\u001b[${above}A${ERASE}` : ERASE;
  };
  /* At once, so that nothing flickers. */
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
      writeStyled(escapeControlsInLines(text));
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

/** Words on lines of at most so many cells; one that is longer than a line is broken anywhere. */
export const fold = (text: string, columns: number): string[] => wrapAnsi(text, columns, { hard: true }).split('\n');

/** As many words as so many lines hold. */
export const cut = (text: string, columns: number, lines = 1): string[] => {
  const whole = fold(text, columns);
  if (whole.length <= lines) return whole;
  const kept = fold(text, columns - 1).slice(0, lines);
  return kept.map((line, index) => (index === lines - 1 ? `${line}…` : line));
};

/** Each line folded, and indented as it was. */
const wrap = (text: string, columns: number): string =>
  text
    .split('\n')
    .flatMap((line) => {
      if (stringWidth(line) <= columns) return [line];
      const indent = ' '.repeat(Math.min(line.search(/[^ ]|$/), columns / 2));
      const parts = fold(line.trim(), columns - indent.length).map((part) => indent + part);
      /* Folding trims, and a question keeps the space after it. */
      return line.endsWith(' ') ? [...parts.slice(0, -1), `${parts.at(-1) ?? ''} `] : parts;
    })
    .join('\n');
