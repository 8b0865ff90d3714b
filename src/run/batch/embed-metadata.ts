/** Embeds a run's metadata into a picture: as A1111, Civitai and ComfyUI read it, and complete as JSON. */
import { a1111Parameters } from '../../media/metadata/a1111-parameters.js';
import { textsToKeep } from '../../media/metadata/texts-to-keep.js';
import { readEmbeddedText } from '../../media/metadata/read-embedded-text.js';
import { metadataIn } from '../../media/metadata/read-generation-metadata.js';
import type { TextEntry } from '../../media/metadata/read-text-chunks.js';
import { runEntry } from '../../media/metadata/run-entry.js';
import type { RunMetadata } from '../../media/metadata/run-metadata.js';
import { collectWarnings } from '../../media/metadata/warnings.js';
import { writeExifUserComment } from '../../media/metadata/write-exif-user-comment.js';
import { writePngText } from '../../media/metadata/write-png-text.js';
import type { OutputFormat } from '../../records/picture.js';

/** Metadata of the source picture. */
export interface SourceMetadata {
  generation: RunMetadata['source'];
  /** Texts that are copied unchanged: a ComfyUI graph, a title. */
  kept: readonly TextEntry[];
  /** Texts that could not be kept. */
  warnings: readonly string[];
}

export const NO_SOURCE_METADATA: SourceMetadata = { generation: null, kept: [], warnings: [] };

/** @param bytes of the encoded source */
export const readSourceMetadata = (bytes: Uint8Array): SourceMetadata => {
  const collected = collectWarnings();
  const embedded = readEmbeddedText(bytes, collected.warn);
  /* Only warnings about texts that cannot be kept; those about their content belong to the generation metadata. */
  const warnings = [...collected.list];
  return { generation: metadataIn(embedded, collected), kept: textsToKeep(embedded?.texts ?? []), warnings };
};

/**
 * PNG gets text chunks, JPEG and WebP the EXIF user comment if it fits. AVIF and TIFF stay unchanged: no program reads
 * such texts there.
 */
export const embedRunMetadata = (
  bytes: Uint8Array,
  format: OutputFormat,
  run: RunMetadata,
  kept: readonly TextEntry[],
): Uint8Array => {
  const parameters = a1111Parameters(run);
  switch (format) {
    case 'png':
      return writePngText(bytes, [{ keyword: 'parameters', text: parameters }, runEntry(run), ...kept]);
    case 'jpeg':
    case 'webp':
      return writeExifUserComment(bytes, parameters) ?? bytes;
    case 'avif':
    case 'tiff':
      return bytes;
  }
};
