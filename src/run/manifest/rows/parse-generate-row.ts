/** Parses a raw row of `generate` into rows, one for each of its `count` pictures. */
import { RefineError } from '../../../errors.js';
import type { Generation, GenerateMode, NoiseStart, StageInput } from '../../../records/row.js';
import type { RefineSettings } from '../../../records/settings.js';
import { collectProblems } from './collect-problems.js';
import { loraProblems, applyLoraWeights } from './lora-weights.js';
import { extensionOf, formatWithoutName, resolveEncoding } from './output-form.js';
import { surrogateWarning, replaceLoneSurrogates, replaceSettingSurrogates } from '../formats/well-formed-text.js';
import { MAX_NAME_BYTES, parseOutput, promptStem, withoutExtension } from './output-name.js';
import { rejectRow, type RowDraft, type RowParser } from './parse-row.js';
import { parseValues } from './parse-values.js';
import { resolveSettings, settingProblems, type PartialSettings, type RowContext } from './resolve-settings.js';
import { drawnSeed, nextSeed } from './row-seed.js';
import { ROW_KEYS, type RowKeyName, type RowValues } from './row-keys.js';
import { formatValue } from './format-value.js';

/** Settings that apply to every row of a run. */
export interface GenerateRun {
  mode: GenerateMode;
  stageInput: StageInput;
  keepsLatents: boolean;
}

/** Suffix of latents kept beside pictures. */
const LATENTS_SUFFIX = '.latents.safetensors';

/** The refiner's own keys, and the keys that they override for it. */
export const REFINER_KEYS = {
  refiner_prompt: 'prompt',
  refiner_negative_prompt: 'negative_prompt',
  refiner_steps: 'steps',
  refiner_guidance_scale: 'guidance_scale',
  refiner_scheduler: 'scheduler',
  refiner_seed: 'seed',
} as const satisfies Partial<Record<RowKeyName, RowKeyName>>;

/** An ensemble has one schedule, so that both models share its length, scheduler and levels. */
const SHARED_IN_ENSEMBLE = ['steps', 'scheduler', 'timesteps', 'sigmas'] as const;
/** Those of them that the refiner has keys of its own for. */
const OWN_IN_ENSEMBLE = ['steps', 'scheduler'] as const;

export const generateRowParser =
  (run: GenerateRun): RowParser =>
  (read, origin, _folder, context) => {
    if ('problem' in read) {
      return Promise.resolve([rejectRow(origin, [new RefineError('ROW_SYNTAX', read.problem)])]);
    }
    const { row: raw, mended } = replaceLoneSurrogates(read);
    const { problems, attempt } = collectProblems();
    const { values, refused } = parseValues(raw.known, attempt);
    const merged = { ...context.options, ...values };
    const extension = extensionOf({ format: formatWithoutName(values, context.options) });
    const output =
      values.output === undefined
        ? null
        : attempt(() => outputOf(values.output ?? '', extension, run, merged.count ?? 1));
    const encoding = output === undefined ? undefined : attempt(() => resolveEncoding(values, context, output));
    const resolved = replaceSettingSurrogates({ ...resolveSettings(values, refused, context), strength: 1 });
    const { settings, warnings: tagWarnings } = applyLoraWeights(resolved.settings, values, context);
    const warnings = [...(raw.warnings ?? []), ...surrogateWarning([...mended, ...resolved.mended]), ...tagWarnings];
    const generation = attempt(() =>
      generationOf({ ...merged, seed: settings.seed ?? context.runSeed }, refused, context, run),
    );
    if (settings.prompt === undefined && !refused.has('prompt')) {
      problems.push(
        new RefineError('ROW_FIELD_MISSING', 'Expected a prompt, found none: add the key prompt, or --prompt'),
      );
    }
    problems.push(...generateProblems(settings, generation), ...loraProblems(values, context));

    const row = {
      ...{ ...origin, id: values.id ?? null, sourceText: null, settings, extra: raw.extra },
      ...(warnings.length === 0 ? {} : { warnings }),
    };
    if (problems.length > 0 || output === undefined || encoding === undefined || generation === undefined) {
      return Promise.resolve([rejectRow({ ...row, ...(generation === undefined ? {} : { generation }) }, problems)]);
    }
    const source: NoiseStart = { kind: 'noise', width: merged.width ?? null, height: merged.height ?? null };
    const whole = settings as RefineSettings;
    const stem = promptStem(whole.prompt, origin.index);
    const draft: RowDraft = { ...row, settings: whole, source, fit: 'pad', output, encoding, generation, stem };
    return Promise.resolve(copiesOf(draft, merged.count ?? 1));
  };

const invalid = (message: string): RefineError => new RefineError('ROW_FIELD_INVALID', message);

/** @throws ROW_FIELD_INVALID */
const outputOf = (given: string, extension: string, { keepsLatents }: GenerateRun, count: number): string => {
  const output = parseOutput(given, extension);
  if (keepsLatents && output.toLowerCase().endsWith(LATENTS_SUFFIX)) {
    throw invalid(`Expected output not to end in ${LATENTS_SUFFIX}, which --save-latents uses, got ${output}`);
  }
  const longest = copyName(output, count - 1) + (keepsLatents ? LATENTS_SUFFIX : '');
  const over = Buffer.byteLength(longest.slice(longest.lastIndexOf('/') + 1)) - MAX_NAME_BYTES;
  if (over <= 0) return output;
  throw invalid(
    `Expected output to leave room for what count and --save-latents add to its name, at most ${MAX_NAME_BYTES} bytes in all, got ${formatValue(given)}: shorten it by ${over} ${over === 1 ? 'byte' : 'bytes'}`,
  );
};

/** The second picture of a row is `fox-2.png`. */
const copyName = (output: string, copy: number): string => {
  const stem = withoutExtension(output);
  return copy === 0 ? output : `${stem}-${copy + 1}${output.slice(stem.length)}`;
};

const generationOf = (
  merged: RowValues & { seed: number },
  refused: ReadonlySet<RowKeyName>,
  context: RowContext,
  { mode, stageInput, keepsLatents }: GenerateRun,
): Generation => {
  const handoff = mode === 'ensemble' ? (merged.handoff ?? ROW_KEYS.handoff.default) : null;
  const shared = {
    mode,
    handoff,
    stageInput: mode === 'two-stage' ? stageInput : null,
    latentsSuffix: keepsLatents ? LATENTS_SUFFIX : null,
    copy: 0,
  };
  if (mode === 'base') return { ...shared, refiner: null };
  if (merged.denoising_end !== undefined) {
    throw invalid(`Expected denoising_end only in mode base, got it in mode ${mode}: remove it, or give handoff`);
  }
  const overrides = Object.entries(REFINER_KEYS).flatMap(([key, overridden]) => {
    const value = merged[key as keyof typeof REFINER_KEYS];
    return value === undefined ? [] : [[overridden, value] as const];
  });
  const refinerSeed =
    merged.refiner_seed === undefined
      ? nextSeed(merged.seed, 1)
      : drawnSeed('refiner_seed', merged.refiner_seed, context);
  const values: RowValues = { ...merged, ...Object.fromEntries(overrides), seed: refinerSeed };
  const refinerContext = { ...context, options: {}, modelDefaults: refinerDefaults(context, mode) };
  const { settings } = applyLoraWeights(resolveSettings(values, refused, refinerContext), values, context);
  return { ...shared, refiner: { ...(settings as RefineSettings), denoisingStart: handoff } };
};

/** The refiner's defaults; in an ensemble with the base model's schedule. */
export const refinerDefaults = (
  { modelDefaults: base = {}, refinerDefaults: own = {} }: Pick<RowContext, 'modelDefaults' | 'refinerDefaults'>,
  mode: GenerateMode,
): RowValues => {
  if (mode !== 'ensemble') return own;
  const { steps: _steps, scheduler: _scheduler, timesteps: _timesteps, sigmas: _sigmas, ...rest } = own;
  const shared = SHARED_IN_ENSEMBLE.filter((name) => name in base).map((name) => [name, base[name]] as const);
  return { ...rest, ...Object.fromEntries(shared) };
};

/** Conflicts between values that are valid separately. */
export function* generateProblems(
  settings: PartialSettings,
  generation: Generation | undefined,
): Generator<RefineError> {
  yield* settingProblems(settings);
  if (generation?.refiner == null) return;
  const { mode, refiner } = generation;
  if (mode === 'two-stage') {
    /* A problem that the row has with its own steps too is said once. */
    const said = new Set([...settingProblems(settings)].map(({ message }) => message));
    const stepsKey = settings.steps === refiner.steps ? 'steps' : 'refiner_steps';
    for (const problem of settingProblems(refiner, stepsKey)) if (!said.has(problem.message)) yield problem;
  } else {
    for (const name of OWN_IN_ENSEMBLE) {
      if (settings[name] === refiner[name]) continue;
      const [ofRefiner, ofBase] = [refiner[name], settings[name] ?? "the model's own"];
      yield invalid(
        `Expected refiner_${name} to be as ${name} in mode ensemble, which has one schedule, got ${ofRefiner} and ${ofBase}: remove refiner_${name}, or choose --mode two-stage`,
      );
    }
  }
}

/** Rows with the same prompt and increasing seeds. */
function* copiesOf(draft: RowDraft, count: number): Generator<RowDraft> {
  const { settings, generation, output } = draft;
  if (generation === undefined) return;
  const { refiner } = generation;
  for (let copy = 0; copy < count; copy++) {
    yield {
      ...draft,
      settings: { ...settings, seed: nextSeed(settings.seed, copy) },
      generation: {
        ...generation,
        copy,
        refiner: refiner === null ? null : { ...refiner, seed: nextSeed(refiner.seed, copy) },
      },
      output: output === null ? null : copyName(output, copy),
    };
  }
}
