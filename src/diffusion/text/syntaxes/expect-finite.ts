/** Weights of prompts that a float32 can hold: with others all of a picture would be NaN, which only its last step shows. Pure. */
import { RefineError } from '../../../errors.js';
import { cutText } from '../../../io/json/json-text.js';

const MAX_SHOWN = 40;

/**
 * @param pieces each with its weight, all brackets around it multiplied
 * @returns the same
 * @throws ROW_FIELD_INVALID
 */
export const expectFinite = <Piece extends { text?: string; weight: number }>(pieces: Piece[]): Piece[] => {
  const wrong = pieces.find(({ weight }) => !Number.isFinite(Math.fround(weight)));
  if (wrong === undefined) return pieces;
  const of = wrong.text === undefined ? '' : ` of ${JSON.stringify(cutText(wrong.text, MAX_SHOWN))}`;
  throw new RefineError(
    'ROW_FIELD_INVALID',
    `Expected weights in a prompt that a float32 holds, got ${wrong.weight}${of}: write a smaller one, or fewer brackets.`,
  );
};
