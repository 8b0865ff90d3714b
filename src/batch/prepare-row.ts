/** A row's picture or latents, read and brought to a form the engine takes. */
import { fitPicture } from '../image/fit.js';
import { encodePng } from '../image/encode-png.js';
import { loadPicture } from '../image/load-picture.js';
import { readSource } from '../image/read-source.js';
import type { RefineJob, RefineOutput, Row } from '../records.js';
import { encodeLatents } from '../weights/encode-latents.js';
import { readLatents } from '../weights/read-latents.js';

export interface PreparedRow {
  row: Row;
  job: RefineJob;
  /** The refined output as a file's bytes, and the picture's size: cropped back, alpha put back. */
  encode: (output: RefineOutput) => Promise<EncodedOutput>;
}

export interface EncodedOutput {
  bytes: Uint8Array;
  /** Of the picture, or of the picture the latents stand for. */
  width: number;
  height: number;
}

const LATENT_SCALE = 8;

/** @throws IMAGE_* LATENTS_INVALID, all of the row; CANCELLED */
export const prepareRow = async (row: Row, signal: AbortSignal): Promise<PreparedRow> => {
  const output = row.output.endsWith('.safetensors') ? 'latents' : 'pixels';
  if (row.source.kind === 'latents') {
    const latents = await readLatents(row.source.path);
    const job: RefineJob = { input: { kind: 'latents', latents }, settings: row.settings, output };
    return { row, job, encode: (refined) => encodeOutput(refined, (pixels) => pixels, null) };
  }
  const picture = await loadPicture(await readSource(row.source, { signal }), row.sourceText);
  const { pixels, restore } = await fitPicture(picture.pixels, row.fit);
  const job: RefineJob = { input: { kind: 'pixels', pixels }, settings: row.settings, output };
  return { row, job, encode: (refined) => encodeOutput(refined, restore, picture.alpha) };
};

const encodeOutput = async (
  refined: RefineOutput,
  restore: Awaited<ReturnType<typeof fitPicture>>['restore'],
  alpha: Parameters<typeof encodePng>[1],
): Promise<EncodedOutput> => {
  if (refined.kind === 'latents') {
    const { width, height } = refined.latents;
    return { bytes: encodeLatents(refined.latents), width: width * LATENT_SCALE, height: height * LATENT_SCALE };
  }
  const pixels = restore(refined.pixels);
  return { bytes: await encodePng(pixels, alpha), width: pixels.width, height: pixels.height };
};
