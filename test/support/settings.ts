/** The settings of a row that says nothing but its prompt, to build others from. */
import type { RefineSettings } from '#src/records.js';

export const plainSettings: RefineSettings = {
  prompt: 'a cat',
  negativePrompt: '',
  strength: 0.3,
  steps: 50,
  guidanceScale: 5,
  seed: 7,
  scheduler: null,
  aestheticScore: 6,
  negativeAestheticScore: 2.5,
  originalSize: null,
  targetSize: null,
  cropsCoordsTopLeft: [0, 0],
  negativeOriginalSize: null,
  negativeTargetSize: null,
  negativeCropsCoordsTopLeft: [0, 0],
  denoisingStart: null,
  denoisingEnd: null,
};
