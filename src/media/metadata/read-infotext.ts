import { type ProgramMetadata, type GenerationMetadata } from './generation-metadata.js';
import { readA1111 } from './programs/a1111.js';
import { collectWarnings } from './warnings.js';

/** Distinguishes prompts without parameters from a caption. */
const NEGATIVE_LINE = /^Negative prompt:/m;

/**
 * A1111's text from a separate file, as A1111, Forge and SD.Next write beside their pictures.
 * @returns null for any other text, such as a caption
 */
export const readInfotext = (text: string): GenerationMetadata | null => {
  const { warn, list: warnings } = collectWarnings();
  const metadata: ProgramMetadata | null = readA1111(text, NEGATIVE_LINE.test(text), warn);
  return metadata === null ? null : { ...metadata, warnings };
};
