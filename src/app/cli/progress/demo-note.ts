/** The note of a run without --model or --base: its bundled model is a demo; how to get the published model. */
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
  /** Steps to get and name the published model, a sentence each. */
  steps: readonly string[];
}

/** @param models bundled models that the run uses by default @returns null: no note, because there are no such models */
export const demoNote = async (models: readonly DemoModel[], env: Environment): Promise<DemoNote | null> => {
  if (models.length === 0) return null;
  const flags = models.map((model) => PUBLISHED[model].flag).join(' and no ');
  const [are, what] =
    models.length === 1
      ? ['is', 'model runs. It was trained only on emoji of 128 px, and makes photographs worse.']
      : ['are', 'models run. They were trained only on emoji of 128 px, and make photographs worse.'];
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

/** Whether the cache has the whole model, as far as is known without reading weights. Errors count as no: a note must not end a run. */
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

/** The package's own pictures, for which the demo model is meant. */
const FIXTURES = fileURLToPath(new URL('../../../../fixtures/', import.meta.url));

/** @param inputs as on the command line */
export const areFixtures = (inputs: readonly string[], cwd: string): boolean =>
  inputs.length > 0 && inputs.every((input) => `${resolve(cwd, input)}${sep}`.startsWith(FIXTURES));
