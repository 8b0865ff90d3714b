/** Pauses before what takes long between a job's steps: each run of the text encoders, and each strip of the VAE. */
import { beforeRuns, type Pause } from '../../onnx/runtime/before-runs.js';
import type { Model } from './load-model.js';

/** @returns the model for one job; what `pause` throws ends the job */
export const pauseRuns = (model: Model, pause: Pause): Model => {
  const { prompts, vae } = model;
  const { rowStrips } = vae;
  return {
    ...model,
    prompts: { encode: (texts, syntax) => prompts.encode(texts, syntax, pause) },
    vae:
      rowStrips === null
        ? vae
        : {
            ...vae,
            rowStrips: {
              ...rowStrips,
              open: async (name, write) => beforeRuns(await rowStrips.open(name, write), pause),
            },
          },
  };
};
