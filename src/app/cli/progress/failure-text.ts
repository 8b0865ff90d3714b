/** A failed row, for people. */
import { hideUriSecrets } from '../../../records/uri-secrets.js';
import { cutText } from '../../../io/json/json-text.js';
import { placeOf } from '../../../run/manifest/formats/raw-row.js';
import type { ResultRecord } from '../../../records/result.js';
import { escapeControls } from './escape-controls.js';
import { cut, fold, type Terminal } from './terminal.js';

/** A failed row. Its texts are safe to print. */
export interface RowFailure {
  /** The row's picture or id, else its place. */
  name: string;
  /** Input and line of the row; null: its name already says it. */
  place: string | null;
  /** The error and how to mend it. */
  reason: string;
  code: string;
}

/** A path may have 4096 characters, a message quotes several. */
const MAX_NAME = 200;
const MAX_REASON = 1500;
const MARGIN = '  ';
const HANGING = '    ';
/** Least cells for a row and its reason in a list. */
const ENTRY_CELLS = 76;

/** @param line of the row in its input, from 1; null: the input has no lines @returns null: the row did not fail */
export const failureOf = (result: ResultRecord, line: number | null): RowFailure | null => {
  if (result.error === null) return null;
  const { row_number_per_file: row, input_csv_name: input } = result;
  const where = line === null ? null : escapeControls(shorten(placeOf(input, line), MAX_NAME));
  const label = result.image ?? result.image_file_name ?? result.id;
  const name = label === null ? (where ?? `row ${row}`) : escapeControls(shorten(hideUriSecrets(label), MAX_NAME));
  const place = where === name ? null : where;
  const message = escapeControls(shorten(hideUriSecrets(result.error.message), MAX_REASON));
  /* Messages of invalid rows end with the row's place, because results.jsonl has no line numbers. */
  const suffix = ` (${place ?? name})`;
  const reason = message.endsWith(suffix) ? message.slice(0, -suffix.length) : message;
  return { name, place, reason, code: result.error.code };
};

/** Prints the row and the reason: folded on a terminal, elsewhere in one line, for searches in logs. */
export const printFailure = (failure: RowFailure, terminal: Terminal): void => {
  terminal.writeStyled(terminal.isTTY ? block(failure, terminal) : line(failure, terminal));
};

const line = ({ name, place, reason, code }: RowFailure, { colors }: Terminal): string =>
  `${colors.bold(name)}: ${colors.red('failed')}, ${code}: ${reason}${place === null ? '' : ` (${place})`}\n`;

const block = ({ name, place, reason, code }: RowFailure, { columns, colors }: Terminal): string => {
  const row = colors.bold(name) + (place === null ? '' : ` ${colors.dim(`(${place})`)}`);
  const lines = [...fold(row, columns - 2), ...fold(`${reason} ${colors.dim(`[${code}]`)}`, columns - 2)];
  return lines.map((text, index) => `${index === 0 ? `${colors.red('✗')} ` : MARGIN}${text}\n`).join('');
};

/** One entry of a list: as much of the failure as fits one line, or a few short lines. */
export const failureEntry = ({ name, reason }: RowFailure, columns: number): string => {
  const text = reason.startsWith(`${name} `) ? reason : `${name}: ${reason}`;
  const lines = Math.ceil(ENTRY_CELLS / columns);
  const kept = cut(text, columns - HANGING.length, lines);
  return MARGIN + kept.join(`\n${HANGING}`);
};

const shorten = (text: string, length: number): string => (text.length <= length ? text : `${cutText(text, length)}…`);
