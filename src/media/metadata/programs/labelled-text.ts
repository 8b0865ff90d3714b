/** Text with a label on each line: `Prompt: a boat`, as Easy Diffusion writes it beside its pictures, and others in logs. Pure. */
import { type ProgramMetadata, type RawMetadata, numberOf, parseMetadata } from '../generation-metadata.js';
import { listSome } from '../../../errors.js';
import { quote, type Warn } from '../warnings.js';

/** Labels in lower case. Easy Diffusion's are in its easydiffusion/utils/save_utils.py, `TASK_TEXT_MAPPING`. */
const FIELDS: ReadonlyMap<string, keyof RawMetadata | 'size' | null> = new Map([
  ['prompt', 'prompt'],
  ['positive prompt', 'prompt'],
  ['positive', 'prompt'],
  ['negative prompt', 'negativePrompt'],
  ['negative', 'negativePrompt'],
  ['seed', 'seed'],
  ['steps', 'steps'],
  ['num inference steps', 'steps'],
  ['sampler', 'sampler'],
  ['sampler name', 'sampler'],
  ['scheduler', 'scheduler'],
  ['guidance scale', 'guidanceScale'],
  ['cfg scale', 'guidanceScale'],
  ['cfg', 'guidanceScale'],
  ['width', 'width'],
  ['height', 'height'],
  ['size', 'size'],
  ['resolution', 'size'],
  /* Of the model and of what is done with the finished picture. */
  ...[
    ...['stable diffusion model', 'use model', 'model', 'model hash', 'vae model', 'vae', 'clip skip', 'version'],
    ...['prompt strength', 'use face correction', 'use upscaling', 'upscale by', 'latent upscaler steps', 'date'],
  ].map((label) => [label, null] as const),
]);
const NUMBERS: readonly unknown[] = ['seed', 'steps', 'guidanceScale', 'width', 'height'];

const LINE = /^\s*([\p{L}][\p{L}\d _/-]{0,40}):(?!\/\/)(.*)$/u;
/** A label of another program begins like one, so that a prompt's line `at night: stars` is none. */
const OTHER_LABEL = /^\p{Lu}/u;

interface Field {
  label: string;
  /** null: not needed; undefined: unknown. */
  key: keyof RawMetadata | 'size' | null | undefined;
  lines: string[];
}

const fieldOf = (line: string, isFirst: boolean): Field | null => {
  const [, label = '', value = ''] = LINE.exec(line) ?? [];
  const key = FIELDS.get(label.trim().toLowerCase().replaceAll('_', ' '));
  if (key === undefined && (isFirst || !OTHER_LABEL.test(label))) return null;
  if (isFirst && key !== 'prompt' && key !== 'negativePrompt' && !(NUMBERS.includes(key) && numberOf(value) !== null))
    return null;
  return { label, key, lines: [value] };
};

const SHOWN = 5;
/** Characters that may be prompt weights in some syntax. */
const WEIGHTS = /[()[\]{}]|[+-]{2}/;

/** @returns null for text without such lines: it begins with a prompt's label, or has a line of the seed and one of steps or guidance */
export const readLabelledText = (text: string, warn: Warn): ProgramMetadata | null => {
  const before: string[] = [];
  const fields: Field[] = [];
  for (const line of text.split(/\r\n?|\n/)) {
    const field = fieldOf(line, fields.length === 0);
    if (field !== null) fields.push(field);
    else (fields.at(-1)?.lines ?? before).push(line);
  }
  const own = before.join('\n').trim();
  const valueOf = (key: keyof RawMetadata | 'size'): string | undefined =>
    fields
      .find((field) => field.key === key)
      ?.lines.join('\n')
      .trim();
  const isTask =
    numberOf(valueOf('seed')) !== null &&
    [valueOf('steps'), valueOf('guidanceScale')].some((value) => numberOf(value) !== null);
  const beginsWithPrompt =
    own === '' && valueOf('prompt') !== undefined && ['prompt', 'negativePrompt'].includes(String(fields[0]?.key));
  if (!isTask && !beginsWithPrompt) return null;
  const unknown = fields.filter(({ key }) => key === undefined).map(({ label }) => quote(label));
  if (unknown.length > 0) warn(`Ignored ${listSome(unknown, SHOWN)} of the text with one label a line.`);
  const [, width, height] = /^(\d+) ?[x×] ?(\d+)$/.exec(valueOf('size') ?? '') ?? [];
  const prompt = own === '' ? valueOf('prompt') : own;
  const negativePrompt = valueOf('negativePrompt');
  /* A label without a value is none. */
  const said = ({ key, lines }: Field): boolean => key != null && key !== 'size' && lines.join('').trim() !== '';
  const raw: RawMetadata = {
    ...(Object.fromEntries(fields.filter(said).map(({ key }) => [key, valueOf(key ?? 'size')])) as RawMetadata),
    ...{ prompt, negativePrompt },
    ...(width === undefined ? {} : { width, height }),
  };
  if (WEIGHTS.test(`${prompt ?? ''}${negativePrompt ?? ''}`)) {
    warn('Brackets and signs in the prompts are read as words: the text does not name its program; set prompt_syntax.');
  }
  return parseMetadata('unknown', raw, warn);
};
