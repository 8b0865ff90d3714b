/** The models of the package, which are the defaults of --model and --base. */
import { fileURLToPath } from 'node:url';

const bundled = (name: string): { name: string; folder: string } => ({
  name,
  folder: fileURLToPath(new URL(`../../../../models/${name}`, import.meta.url)),
});

const REFINER = bundled('emoji-refiner');
const BASE = bundled('emoji-base');
export const BUNDLED_MODELS = [REFINER, BASE] as const;
export const BUNDLED_MODEL = REFINER.folder;
export const BUNDLED_BASE = BASE.folder;
