/** All of them, by room. */
import { properties as adapters } from './adapters.js';
import { properties as json } from './json.js';
import { properties as latents } from './latents.js';
import { properties as prompts } from './prompts.js';
import { properties as tokenizers } from './tokenizers.js';
import { properties as manifests } from './manifests.js';
import { properties as places } from './places.js';
import { properties as metadata } from './metadata.js';
import type { Property } from './property.js';

import { properties as weights } from './weights.js';

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
];
