/** A picture's generation metadata as values of row keys. */
import { systemCodeOf } from '../../../errors.js';
import { FileRefused, withFile } from '../../../io/files/open-file.js';
import type { MetadataValues } from '../../../run/manifest/rows/embedded-values.js';
import { formatValue } from '../../../run/manifest/rows/format-value.js';
import type { RowValues } from '../../../run/manifest/rows/row-keys.js';
import type { GenerationMetadata } from '../../../media/metadata/generation-metadata.js';
import { ignoredLevels, mapSampler } from '../../../media/metadata/map-sampler.js';
import { syntaxOf } from '../../../media/metadata/prompt-syntax.js';
import { readGenerationMetadata } from '../../../media/metadata/read-generation-metadata.js';
import { readInfotext } from '../../../media/metadata/read-infotext.js';
import { readWithoutPixels } from '../commands/read-without-pixels.js';

const readMetadata = (path: string): Promise<GenerationMetadata | null> =>
  withFile(path, 'picture', async (handle, size) => readGenerationMetadata(await readWithoutPixels(handle, size)));

const NOTHING: MetadataValues = { values: {}, warnings: [] };

/** @returns no values for an unreadable file too: decoding the picture reports the error */
export const readPictureMetadata = async (path: string): Promise<MetadataValues> => {
  const metadata = await readMetadata(path).catch((thrown: unknown) => {
    if (systemCodeOf(thrown) === undefined && !(thrown instanceof FileRefused)) throw thrown;
    return null;
  });
  return metadata === null ? NOTHING : asRowValues(metadata);
};

/** @param text of the file beside a picture @returns null: the text is a caption, not A1111's infotext */
export const readInfotextMetadata = (text: string): MetadataValues | null => {
  const metadata = readInfotext(text);
  return metadata === null ? null : asRowValues(metadata);
};

const withoutNulls = (values: Record<string, unknown>): RowValues =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));

const asRowValues = (metadata: GenerationMetadata): MetadataValues => {
  const { prompt, negativePrompt, seed, steps, guidanceScale, width, height, noise = {}, warnings } = metadata;
  const values = withoutNulls({
    prompt,
    negative_prompt: negativePrompt,
    prompt_syntax: syntaxOf(metadata),
    seed,
    steps,
    // Keeps the name of a sampler without a scheduler here: the row that uses it reports it.
    scheduler: mapSampler(metadata) ?? metadata.sampler,
    guidance_scale: guidanceScale,
    original_size: width === null || height === null ? null : [height, width],
    rng: metadata.program === 'comfyui' ? 'comfy' : (noise.rng ?? null),
    vae_sample: noise.vaeSample ?? null,
    variation_seed: noise.variationSeed ?? null,
    variation_strength: noise.variationStrength ?? null,
    eta_noise_seed_delta: noise.etaNoiseSeedDelta ?? null,
  });
  const levels = ignoredLevels(metadata);
  if (levels === null) return { values, warnings };
  const scheduler = `Ignored the noise levels ${formatValue(levels)} of the picture's metadata: ${String(values.scheduler)} has no such levels here.`;
  return { values, warnings, notes: { scheduler } };
};
