import { type ProgramMetadata, parseMetadata } from '../generation-metadata.js';
import { type JsonObject, valueOf } from '../parse-json.js';
import type { Warn } from '../warnings.js';

/** Draw Things (ImageConverter.swift): prompt and negative prompt are `c` and `uc`, as in latent diffusion's code. */
export const readDrawThings = (json: JsonObject, warn: Warn): ProgramMetadata | null => {
  const prompt = valueOf(json, 'c');
  if (typeof prompt !== 'string' || valueOf(json, 'sampler') === undefined) return null;
  const size = valueOf(json, 'size');
  const [, width, height] = /^(\d+)x(\d+)$/.exec(typeof size === 'string' ? size : '') ?? [];
  const raw = {
    prompt,
    negativePrompt: valueOf(json, 'uc'),
    seed: valueOf(json, 'seed'),
    steps: valueOf(json, 'steps'),
    sampler: valueOf(json, 'sampler'),
    guidanceScale: valueOf(json, 'scale'),
    width,
    height,
  };
  return parseMetadata('draw-things', raw, warn);
};
