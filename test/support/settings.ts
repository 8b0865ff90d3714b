/** The settings of a row that gives only its prompt and seed, to build others from. */
import { resolveSettings } from '#src/run/manifest/rows/resolve-settings.js';
import type { RefineSettings } from '#src/records/settings.js';

export const plainSettings = resolveSettings({ prompt: 'a cat', seed: 7 }, new Set(), {
  options: {},
  runSeed: 0,
}) as RefineSettings;
