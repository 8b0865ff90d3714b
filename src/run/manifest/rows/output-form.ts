/** Resolves the encoding of a row's output from its name's extension, its keys and the options. */
import { RefineError } from '../../../errors.js';
import type { OutputFormat, PictureEncoding } from '../../../records/picture.js';
import type { RowContext } from './resolve-settings.js';
import type { RowValues } from './row-keys.js';

/** Formats by extension of the output's name, in lower case. */
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

/** Formats that have `quality`. */
const LOSSY: readonly OutputFormat[] = ['jpeg', 'webp', 'avif'];
const WITH_16_BITS: readonly OutputFormat[] = ['png', 'tiff'];
const PICTURE_KEYS = ['format', 'quality', 'bit_depth'] as const;

/** The extension of generated output names. @param encoding null for latents */
export const extensionOf = (encoding: Pick<PictureEncoding, 'format'> | null): string => {
  if (encoding === null) return 'safetensors';
  return encoding.format === 'jpeg' ? 'jpg' : encoding.format;
};

/** The format of a row whose `output` has no extension. */
export const formatWithoutName = (values: RowValues, options: RowValues): OutputFormat =>
  values.format ?? options.format ?? 'png';

/**
 * A row's `format` must agree with the extension of its `output`; both override the options. An option that does not apply to
 * the row's format is ignored, except `bit_depth` 16, which is an error.
 *
 * @param output as returned by `parseOutput`; null if the name is not made yet
 * @returns null for latents
 * @throws RefineError ROW_FIELD_INVALID
 */
export const resolveEncoding = (
  values: RowValues,
  { options, writeMetadata: metadata = true }: Pick<RowContext, 'options' | 'writeMetadata'>,
  output: string | null,
): PictureEncoding | null => {
  const named = output === null ? undefined : FORMATS.get(output.slice(output.lastIndexOf('.') + 1).toLowerCase());
  if (named === 'latents') {
    const key = PICTURE_KEYS.find((name) => values[name] !== undefined);
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
  if (bitDepth === 16 && !WITH_16_BITS.includes(format)) {
    throw invalid(
      `Expected bit_depth 16 only for ${WITH_16_BITS.join(' and ')}, got it for ${format}: choose another of the two`,
    );
  }
  if (LOSSY.includes(format)) return { format, quality: values.quality ?? options.quality ?? null, bitDepth, metadata };
  if (values.quality === undefined) return { format, quality: null, bitDepth, metadata };
  throw invalid(
    `Expected quality only for ${LOSSY.join(', ')}, got it for ${format}, which loses nothing: remove quality`,
  );
};

const invalid = (message: string): RefineError => new RefineError('ROW_FIELD_INVALID', message);
