/** Prompts in other programs' syntaxes, tags, tokenizers' files, names of schedulers. */
import { ok, strictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  parseSchedulerConfig,
  buildSchedule,
  findScheduler,
  schedulerSpellings,
} from '#src/diffusion/schedulers/registry.js';
import { schedulePrompt } from '#src/diffusion/text/syntaxes/a1111-prompt-editing.js';
import { parseA1111 } from '#src/diffusion/text/syntaxes/parse-a1111.js';
import { parseComfy } from '#src/diffusion/text/syntaxes/parse-comfy.js';
import { parseCompel } from '#src/diffusion/text/syntaxes/parse-compel.js';
import { canonicalSchedulerName, schedulerProblem } from '#src/run/manifest/rows/scheduler-name.js';
import { takeTags } from '#src/run/manifest/rows/prompt-tags.js';
import { goldenData } from '../support/golden.js';
import { mutationsOf } from './mutations.js';
import { property } from './property.js';
import { expectShort, orRefused } from './refusals.js';
import { textOf } from './texts.js';

const WORDS = [
  'a cat',
  ' ',
  ',',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ':',
  '|',
  '\\(',
  '\\)',
  '\\',
  ':1.2)',
  ':0.5]',
  ':-1)',
  ':1e9)',
  ':1e39)',
  `:${'9'.repeat(400)})`,
  ':.5',
  '+',
  '++',
  '--',
  '1.3',
  '"',
  '").and()',
  '").blend(0.7, 0.3)',
  '("',
  '", "',
  '.swap(',
  'withLora(',
  'AND',
  'BREAK',
  '[a:b:5]',
  '[a|b]',
  '[[a::3]:4]',
  '<lora:ink:0.8>',
  '<lora:',
  '<hypernet:x:1:te=2>',
  'embedding:x',
  '_',
  '-',
  '#',
  '$',
];
const prompt = textOf(WORDS, 40);

const sizeOf = (pieces: readonly { text: string; weight: number }[]): number =>
  pieces.reduce((sum, { text, weight }) => {
    ok(Number.isFinite(weight));
    return sum + text.length;
  }, 0);

const configs = mutationsOf(
  {
    refiner: () => readFileSync(goldenData('models', 'tiny-refiner', 'scheduler', 'scheduler_config.json')),
    base: () => readFileSync(goldenData('models', 'tiny-base', 'scheduler', 'scheduler_config.json')),
  },
  [
    '"EulerDiscreteScheduler"',
    '"UniPCMultistepScheduler"',
    '"_class_name":',
    'null',
    'true',
    '-1',
    '1e308',
    '0',
    '[]',
    '"trained_betas":[',
    '"use_karras_sigmas":true,',
    '1000000000',
  ],
);

export const properties = [
  property(
    'prompts: A1111’s and ComfyUI’s syntax takes any text, and makes no more of it',
    'text',
    prompt,
    async (text) => {
      for (const parse of [parseA1111, parseComfy]) {
        const pieces = await orRefused(() => parse(text), 'ROW_FIELD_INVALID');
        /* A1111's break stands for itself. */
        if (pieces !== null) ok(sizeOf(pieces) <= text.length + 5);
      }
    },
    100,
  ),
  property(
    'prompts: A1111’s schedule gives each step a prompt',
    'text',
    fc.tuple(prompt, fc.integer({ min: 1, max: 60 })),
    ([text, steps]) => {
      const spans = schedulePrompt(text, steps);
      ok(spans.length >= 1 && spans.length <= steps);
    },
    100,
  ),
  property(
    'prompts: Compel’s syntax takes any text, or says what is wrong with it',
    'text',
    prompt,
    async (text) => {
      const parsed = await orRefused(() => parseCompel(text), 'ROW_FIELD_INVALID');
      if (parsed === null) return;
      strictEqual(parsed.weights.length, parsed.prompts.length);
      ok(parsed.weights.every(Number.isFinite));
      for (const pieces of parsed.prompts) sizeOf(pieces);
    },
    100,
  ),
  property(
    'prompts: tags are taken out once and for all',
    'text',
    fc.tuple(prompt, fc.constantFrom('a1111', 'comfy', 'compel', 'plain')),
    ([text, syntax]) => {
      const taken = takeTags(text, syntax);
      ok(taken.prompt.length <= text.length);
      for (const { text: tag, weight } of taken.tags) {
        ok(text.includes(tag));
        ok(weight === null || (typeof weight === 'number' ? [weight] : Object.values(weight)).every(Number.isFinite));
      }
    },
  ),
  property(
    'schedulers: any name is one that is known, or refused in few words',
    'text',
    textOf([...schedulerSpellings.slice(0, 40), 'karras', ' ', '_', '++']),
    (name) => {
      const problem = schedulerProblem(name);
      if (problem !== null) expectShort(problem);
      strictEqual(canonicalSchedulerName(canonicalSchedulerName(name)), canonicalSchedulerName(name));
      strictEqual(problem === null, findScheduler(name) !== null);
    },
  ),
  property(
    'schedulers: a name is known in any case, with any space between its words',
    'value',
    fc.tuple(
      fc.constantFrom(...schedulerSpellings),
      fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
      fc.constantFrom(' ', '_', '-', ''),
    ),
    ([name, uppers, space]) => {
      /* Class names of diffusers are written as they are. */
      if (name.endsWith('Scheduler')) return;
      const other = Array.from(name, (letter, at) =>
        uppers[at % 60] === true ? letter.toUpperCase() : letter.toLowerCase(),
      )
        .join('')
        .replaceAll(/[ _]/g, space);
      strictEqual(findScheduler(other)?.name, findScheduler(name)?.name);
    },
  ),
  property(
    'schedulers: a damaged configuration is refused in few words, or makes schedules',
    'file',
    configs.arbitrary,
    async (one) => {
      const bytes = await configs.bytesOf(one);
      let json: unknown;
      try {
        json = JSON.parse(bytes.toString());
      } catch {
        return;
      }
      const config = await orRefused(
        () => parseSchedulerConfig(json),
        'MODEL_CONFIG_INVALID',
        'MODEL_CONFIG_UNSUPPORTED',
        'ROW_FIELD_INVALID',
      );
      if (config === null) return;
      const schedule = await orRefused(() => buildSchedule(config, 7), 'ROW_FIELD_INVALID', 'MODEL_CONFIG_UNSUPPORTED');
      if (schedule !== null) ok(schedule.timesteps.length > 0);
    },
  ),
];
