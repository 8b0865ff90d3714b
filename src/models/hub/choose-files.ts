/** Chooses the files of a repository that an SDXL model needs. */
import { DEFAULTS_FILE } from '../weights/discovery/model-files.js';
import { failed } from './ask-hub.js';
import type { RemoteFile, Repository } from './read-repository.js';

/** Half-precision weights halve the download, and the computation is the same. */
export const DEFAULT_VARIANT = 'fp16';
/** The weights without a variant in their names. */
export const PLAIN = 'plain';

const TOP_FILES = ['model_index.json', DEFAULTS_FILE, 'LICENSE', 'LICENSE.md'];
const SETTINGS = /^(scheduler|tokenizer|tokenizer_2|unet|vae|text_encoder|text_encoder_2)\/[^/]+\.(json|txt)$/;
/** The variant is before or after the shard's number. */
const WEIGHTS =
  /^(unet|vae|text_encoder|text_encoder_2)\/(?:diffusion_pytorch_model|model)(?:\.(?<before>\w+))?(?:-\d{5}-of-\d{5})?(?:\.(?<after>\w+))?\.safetensors$/;
/** Index of a component's shards; diffusers has had the variant at three places in its name. */
const INDEX =
  /^(unet|vae|text_encoder|text_encoder_2)\/(?:diffusion_pytorch_model|model)(?:\.(?<before>\w+))?\.safetensors(?:\.(?<within>(?!index)\w+))?\.index(?:\.(?<after>\w+))?\.json$/;

/**
 * The configurations, and one copy of each component's weights: `variant` if it exists, else plain, else fp16, else any.
 * @throws MODEL_DOWNLOAD_FAILED if the repository has no model in the diffusers layout
 */
export const chooseFiles = ({ id, files }: Repository, variant: string): RemoteFile[] => {
  if (!files.some(({ path }) => path === 'model_index.json')) {
    throw failed(
      `${id} has no model_index.json, so it is not a model in the diffusers layout. ` +
        'Download a checkpoint file by hand, and give its path.',
    );
  }
  const settings = files.filter(({ path }) => TOP_FILES.includes(path) || (SETTINGS.test(path) && !INDEX.test(path)));
  const preferred = variant === PLAIN ? '' : variant;
  const weights = ['unet', 'vae', 'text_encoder', 'text_encoder_2'].flatMap((part) =>
    chooseCopy(files, part, [preferred, '', DEFAULT_VARIANT]),
  );
  return [...settings, ...weights];
};

/** The component's weights in its first available variant; shards include their index. */
const chooseCopy = (files: readonly RemoteFile[], part: string, variants: readonly string[]): RemoteFile[] => {
  const copies = new Map<string, RemoteFile[]>();
  for (const file of files) {
    const match = WEIGHTS.exec(file.path) ?? INDEX.exec(file.path);
    if (match === null || match[1] !== part) continue;
    const { before, within, after } = match.groups ?? {};
    const variant = before ?? within ?? after ?? '';
    const copy = copies.get(variant) ?? [];
    copy.push(file);
    copies.set(variant, copy);
  }
  const chosen = variants.find((name) => copies.has(name)) ?? [...copies.keys()][0] ?? '';
  return copies.get(chosen) ?? [];
};
