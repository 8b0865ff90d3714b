/** Refuses prompt weights beyond float32: they would turn the image into NaN, which only its last step would report. Pure. */
import { RefineError } from '../../../errors.js';
import { cutText } from '../../../io/json/json-text.js';

const MAX_SHOWN = 40;

/**
 * @param pieces with their total weights
 * @returns the same pieces
 * @throws ROW_FIELD_INVALID
 */
export const expectFinite = <Piece extends { text?: string; weight: number }>(pieces: Piece[]): Piece[] => {
  const wrong = pieces.find(({ weight }) => !Number.isFinite(Math.fround(weight)));
  if (wrong === undefined) return pieces;
  const of = wrong.text === undefined ? '' : ` of ${JSON.stringify(cutText(wrong.text, MAX_SHOWN))}`;
  throw new RefineError(
    'ROW_FIELD_INVALID',
    `Expected weights in a prompt within float32, got ${wrong.weight}${of}: write a smaller one, or fewer brackets.`,
  );
};
