/** The note of a run without --model or --base: the bundled model is a demo, and how to get the published one. */
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hubCacheFolder, type Environment } from '../../../io/files/cache-folders.js';
import { findCached } from '../../../models/hub/find-cached.js';
import { findModel } from '../../../models/weights/discovery/find-model.js';

const PUBLISHED = {
  base: { flag: '--base', name: 'base model', id: 'stabilityai/stable-diffusion-xl-base-1.0', size: '7 GB' },
  refiner: { flag: '--model', name: 'refiner', id: 'stabilityai/stable-diffusion-xl-refiner-1.0', size: '6 GB' },
} as const;

export type DemoModel = keyof typeof PUBLISHED;

export interface DemoNote {
  text: string;
  /** What to do instead, a sentence each. */
  steps: readonly string[];
}

/** @param models bundled models that the run uses by default @returns null: none */
export const demoNote = async (models: readonly DemoModel[], env: Environment): Promise<DemoNote | null> => {
  if (models.length === 0) return null;
  const flags = models.map((model) => PUBLISHED[model].flag).join(' and no ');
  const [are, what] =
    models.length === 1
      ? ['is', 'model runs. It knows 128 px emoji alone, and spoils photographs.']
      : ['are', 'models run. They know 128 px emoji alone, and spoil photographs.'];
  const steps = await Promise.all(models.map((model) => stepsTo(model, env)));
  return {
    text: `No ${flags} ${are} given, so the bundled demo ${what}`,
    steps: steps.flat(),
  };
};

const stepsTo = async (model: DemoModel, env: Environment): Promise<string[]> => {
  const { flag, name, id, size } = PUBLISHED[model];
  if (await isCached(id, env)) return [`The real ${name} is in the cache: add ${flag} ${id}`];
  return [`Get the real ${name}, once (${size}): sdxl-refine models pull ${id}`, `Then add ${flag} ${id}`];
};

/** Whole, as far as it can be told without reading its weights. A note ends no run: what is wrong, opening the model says. */
const isCached = async (id: string, env: Environment): Promise<boolean> => {
  try {
    const folder = await findCached(hubCacheFolder(env), { id, revision: 'main' });
    if (folder === null) return false;
    await findModel(folder);
    return true;
  } catch {
    return false;
  }
};

export const noteText = ({ text, steps }: DemoNote): string =>
  `Note: ${text}\n${steps.map((step) => `  ${step}\n`).join('')}`;

/** The pictures that come with the package are what the demo model is for. */
const FIXTURES = fileURLToPath(new URL('../../../../fixtures/', import.meta.url));

/** @param inputs as the command line names them */
export const areFixtures = (inputs: readonly string[], cwd: string): boolean =>
  inputs.length > 0 && inputs.every((input) => `${resolve(cwd, input)}${sep}`.startsWith(FIXTURES));
