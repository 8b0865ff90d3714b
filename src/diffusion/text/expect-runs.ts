/** Limits how much work and memory one prompt may take. */
import { RefineError } from '../../errors.js';

/** 20 000 characters, the longest prompt, are 60 chunks in English. With the published refiner each takes 60 MB in the UNet. */
const MOST_CHUNKS = 128;
/** Runs of one text encoder: 60 chunks in 34 versions, or ten in two hundred. A run takes a CPU up to a second. */
const MOST_RUNS = 2048;

/**
 * Called before a prompt is encoded.
 * @param chunks that condition the UNet at a step @param runs of the text encoder; default: one for each chunk
 * @throws ROW_FIELD_INVALID
 */
export const expectRuns = (chunks: number, runs = chunks): void => {
  if (chunks > MOST_CHUNKS) {
    throw tooMuch(
      `Expected at most ${MOST_CHUNKS} chunks of 75 tokens in a prompt or negative prompt, found ${chunks}. ` +
        'Shorten it, or use fewer BREAK and .and().',
    );
  }
  if (runs > MOST_RUNS) {
    throw tooMuch(
      `Expected a prompt or negative prompt to need at most ${MOST_RUNS} runs of a text encoder, found ${runs}: ` +
        'each chunk of 75 tokens runs once for each text of prompt editing, and in Compel for each piece of a weight below 1. ' +
        'Shorten it, or use fewer of these.',
    );
  }
};

const tooMuch = (message: string): RefineError => new RefineError('ROW_FIELD_INVALID', message);
