/** What a row's output is written as: its name's extension, its keys and the options, brought together. */
import { RefineError } from '../../../errors.js';
import type { OutputFormat, PictureEncoding } from '../../../records/picture.js';
import type { RowContext } from './resolve-settings.js';
import type { RowValues } from './row-keys.js';

/** The extensions of output names, in lower case, and what they mean. */
const FORMATS: ReadonlyMap<string, OutputFormat | 'latents'> = new Map([
  ['png', 'png'],
  ['jpg', 'jpeg'],
  ['jpeg', 'jpeg'],
  ['webp', 'webp'],
  ['avif', 'avif'],
  ['tiff', 'tiff'],
  ['tif', 'tiff'],
  ['safetensors', 'latents'],
]);
export const OUTPUT_EXTENSIONS = [...FORMATS.keys()];

/** Formats that lose something, which `quality` says how much of. */
const LOSSY: readonly OutputFormat[] = ['jpeg', 'webp', 'avif'];
const DEEP: readonly OutputFormat[] = ['png', 'tiff'];
const OF_PICTURES = ['format', 'quality', 'bit_depth'] as const;

/** The extension that names made by the program get. @param encoding null: latents */
export const extensionOf = (encoding: Pick<PictureEncoding, 'format'> | null): string => {
  if (encoding === null) return 'safetensors';
  return encoding.format === 'jpeg' ? 'jpg' : encoding.format;
};

/** The format of a row whose `output` has no extension. */
export const formatWithoutName = (values: RowValues, options: RowValues): OutputFormat =>
  values.format ?? options.format ?? 'png';

/**
 * A row's own key beats its name only by agreeing with it; both beat the options. An option that a row's format has no
 * use for is left out, but 16 bits are never quietly made 8.
 *
 * @param output as `parseOutput` gives it; null: the name is still to be made
 * @returns null: latents
 * @throws RefineError ROW_FIELD_INVALID
 */
export const resolveEncoding = (
  values: RowValues,
  { options, writeMetadata: metadata = true }: Pick<RowContext, 'options' | 'writeMetadata'>,
  output: string | null,
): PictureEncoding | null => {
  const named = output === null ? undefined : FORMATS.get(output.slice(output.lastIndexOf('.') + 1).toLowerCase());
  if (named === 'latents') {
    const key = OF_PICTURES.find((name) => values[name] !== undefined);
    if (key === undefined) return null;
    throw invalid(
      `Expected no ${key} for latents (output ends in .safetensors), got ${values[key]}: remove one of the two`,
    );
  }
  if (named !== undefined && values.format !== undefined && named !== values.format) {
    const ends = `"${values.format}" and an output that ends in ".${output?.split('.').at(-1)}"`;
    throw invalid(`Expected format and output to agree, got ${ends}: remove format, or rename output`);
  }
  const format = named ?? formatWithoutName(values, options);
  const bitDepth = values.bit_depth ?? options.bit_depth ?? 8;
  if (bitDepth === 16 && !DEEP.includes(format)) {
    throw invalid(
      `Expected bit_depth 16 only for ${DEEP.join(' and ')}, got it for ${format}: choose another of the two`,
    );
  }
  if (LOSSY.includes(format)) return { format, quality: values.quality ?? options.quality ?? null, bitDepth, metadata };
  if (values.quality === undefined) return { format, quality: null, bitDepth, metadata };
  throw invalid(
    `Expected quality only for ${LOSSY.join(', ')}, got it for ${format}, which loses nothing: remove quality`,
  );
};

const invalid = (message: string): RefineError => new RefineError('ROW_FIELD_INVALID', message);
