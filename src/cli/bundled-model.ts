/** The model that comes with the package and is used where none is named. */
import { fileURLToPath } from 'node:url';

export const BUNDLED_MODEL = fileURLToPath(new URL('../../models/emoji-refiner', import.meta.url));
