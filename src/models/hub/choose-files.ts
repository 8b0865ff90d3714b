/** Which files of a repository a model of the SDXL family needs. */
import { DEFAULTS_FILE } from '../weights/discovery/model-files.js';
import { failed } from './ask-hub.js';
import type { RemoteFile, Repository } from './read-repository.js';

/** Weights in half precision are half the download, and what is used of them is the same arithmetic. */
export const DEFAULT_VARIANT = 'fp16';
/** Asks for the weights without a variant in their names. */
export const PLAIN = 'plain';

const TOP_FILES = ['model_index.json', DEFAULTS_FILE, 'LICENSE', 'LICENSE.md'];
const SETTINGS = /^(scheduler|tokenizer|tokenizer_2|unet|vae|text_encoder|text_encoder_2)\/[^/]+\.(json|txt)$/;
/** A variant stands before the shard's number, or after it. */
const WEIGHTS =
  /^(unet|vae|text_encoder|text_encoder_2)\/(?:diffusion_pytorch_model|model)(?:\.(?<before>\w+))?(?:-\d{5}-of-\d{5})?(?:\.(?<after>\w+))?\.safetensors$/;
/** The list of a part's shards, in the three places that a variant has stood in its name. */
const INDEX =
  /^(unet|vae|text_encoder|text_encoder_2)\/(?:diffusion_pytorch_model|model)(?:\.(?<before>\w+))?\.safetensors(?:\.(?<within>(?!index)\w+))?\.index(?:\.(?<after>\w+))?\.json$/;

/**
 * Settings, and of each part's weights one copy: of `variant` where the part has it, else the plain one, else what is there.
 * @throws MODEL_DOWNLOAD_FAILED: it is no such model
 */
export const chooseFiles = ({ id, files }: Repository, variant: string): RemoteFile[] => {
  if (!files.some(({ path }) => path === 'model_index.json')) {
    throw failed(
      `${id} has no model_index.json, so it is no model in the diffusers layout. ` +
        'Download the checkpoint file that you want by hand, and give its path.',
    );
  }
  const settings = files.filter(({ path }) => TOP_FILES.includes(path) || (SETTINGS.test(path) && !INDEX.test(path)));
  const wished = variant === PLAIN ? '' : variant;
  const weights = ['unet', 'vae', 'text_encoder', 'text_encoder_2'].flatMap((part) =>
    chooseCopy(files, part, [wished, '', DEFAULT_VARIANT]),
  );
  return [...settings, ...weights];
};

/** The first wish that the part has; of shards with their index. */
const chooseCopy = (files: readonly RemoteFile[], part: string, wishes: readonly string[]): RemoteFile[] => {
  const copies = new Map<string, RemoteFile[]>();
  for (const file of files) {
    const match = WEIGHTS.exec(file.path) ?? INDEX.exec(file.path);
    if (match === null || match[1] !== part) continue;
    const { before, within, after } = match.groups ?? {};
    const variant = before ?? within ?? after ?? '';
    copies.set(variant, [...(copies.get(variant) ?? []), file]);
  }
  const wish = wishes.find((name) => copies.has(name)) ?? [...copies.keys()][0] ?? '';
  return copies.get(wish) ?? [];
};
