/** Parses hub ids: `organisation/name`, optionally `@revision`. */

export interface ModelId {
  /** `stabilityai/stable-diffusion-xl-refiner-1.0` */
  id: string;
  /** Branch, tag or commit. */
  revision: string;
}

/** Each half of an id by huggingface_hub's `validate_repo_id`: no `--` and no `..`, no `-` or `.` at the ends. */
const HALF = /^(?!.*(--|\.\.))[\w](?:[\w.-]{0,94}[\w])?$/;
/** A path to a missing file is not a hub id. */
const FILE = /\.(safetensors|ckpt|pt|pth|bin|gguf|onnx|json)$/i;
/** Names of git references that are safe in a path. */
const REVISION = /^(?!.*\.\.)[\w][\w./-]*$/;

/** @returns null if the text is not a hub id */
export const parseModelId = (text: string): ModelId | null => {
  const [id = '', revision = 'main', ...more] = text.split('@');
  const halves = id.split('/');
  const isId = halves.length === 2 && halves.every((half) => HALF.test(half)) && !FILE.test(id);
  return isId && more.length === 0 && REVISION.test(revision) ? { id, revision } : null;
};

/** huggingface_hub's name of a repository's folder in the cache. */
export const repositoryFolder = (id: string): string => `models--${id.replace('/', '--')}`;
