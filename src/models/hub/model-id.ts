/** Hub ids: `organisation/name`, and a revision after `@`. */

export interface ModelId {
  /** `stabilityai/stable-diffusion-xl-refiner-1.0` */
  id: string;
  /** Branch, tag or commit. */
  revision: string;
}

/** What huggingface_hub's `validate_repo_id` allows of each half: no `--` and no `..`, no `-` or `.` at the ends. */
const HALF = /^(?!.*(--|\.\.))[\w](?:[\w.-]{0,94}[\w])?$/;
/** A path to a file that is not there is never looked for on the hub. */
const FILE = /\.(safetensors|ckpt|pt|pth|bin|gguf|onnx|json)$/i;
/** Names of git references that a path can hold. */
const REVISION = /^(?!.*\.\.)[\w][\w./-]*$/;

/** @returns null: it is no such id */
export const parseModelId = (text: string): ModelId | null => {
  const [id = '', revision = 'main', ...more] = text.split('@');
  const halves = id.split('/');
  const isId = halves.length === 2 && halves.every((half) => HALF.test(half)) && !FILE.test(id);
  return isId && more.length === 0 && REVISION.test(revision) ? { id, revision } : null;
};

/** As huggingface_hub names a repository's folder in the cache. */
export const repositoryFolder = (id: string): string => `models--${id.replace('/', '--')}`;
