/** All of them, by room. */
import { properties as adapters } from './adapters.js';
import { properties as answers } from './answers.js';
import { properties as chunks } from './chunks.js';
import { properties as json } from './json.js';
import { properties as latents } from './latents.js';
import { properties as manifests } from './manifests.js';
import { properties as metadata } from './metadata.js';
import { properties as pictures } from './pictures.js';
import { properties as places } from './places.js';
import { properties as prompts } from './prompts.js';
import { properties as requests } from './requests.js';
import { properties as results } from './results.js';
import { properties as settings } from './settings.js';
import { properties as tokenizers } from './tokenizers.js';
import { properties as weights } from './weights.js';
import type { Property } from './property.js';

export const PROPERTIES: readonly Property[] = [
  ...json,
  ...latents,
  ...weights,
  ...adapters,
  ...prompts,
  ...tokenizers,
  ...manifests,
  ...places,
  ...metadata,
  ...settings,
  ...answers,
  ...requests,
  ...results,
  ...chunks,
  ...pictures,
];
