/** A raw row to a valid row, or to an invalid one that says everything that is wrong with it. */
import { RefineError, isRefineError } from '../errors.js';
import type { InvalidRow, RefineSettings, Row, RowOrigin } from '../records.js';
import { parseOutput } from './output-name.js';
import { parseLatentsSource, parsePictureSource } from './picture-source.js';
import { parseValue } from './parse-value.js';
import { placeOf, type RawRow } from './raw-row.js';
import { resolveSettings, settingProblems, type PartialSettings, type RowContext } from './resolve-settings.js';
import { ROW_KEYS, type RowKeyName, type RowValues } from './row-keys.js';

/** A valid row whose output is decided only if the row names it. */
export type RowDraft = Omit<Row, 'output'> & { output: string | null };

/** A row that cannot run, from what is known of it and what is wrong with it. */
export const rejectRow = (
  row: RowOrigin & Partial<Pick<InvalidRow, 'id' | 'sourceText' | 'settings' | 'extra'>>,
  problems: readonly [RefineError, ...RefineError[]],
): InvalidRow => {
  const { index, rowNumberPerFile, inputName, line, id = null, sourceText = null, settings = {}, extra = {} } = row;
  const place = line === null ? inputName : placeOf(inputName, line);
  const message = `${problems.map((problem) => problem.message).join('. ')} (${place})`;
  const error = { code: problems[0].code, message };
  return { index, rowNumberPerFile, inputName, line, id, sourceText, settings, extra, error };
};

/** Runs checks of a row one by one and keeps what they refuse. */
const collectProblems = () => {
  const problems: RefineError[] = [];
  const attempt = <T>(parse: () => T): T | undefined => {
    try {
      return parse();
    } catch (error) {
      if (!isRefineError(error)) throw error;
      problems.push(error);
      return undefined;
    }
  };
  return { problems, attempt };
};

const pickSource = ({ image, latents }: RowValues, folder: string): ReturnType<typeof parsePictureSource> => {
  if (image !== undefined && latents !== undefined) {
    throw new RefineError('ROW_FIELD_INVALID', 'Expected image or latents, found both: remove one');
  }
  if (image !== undefined) return parsePictureSource(image, folder);
  if (latents !== undefined) return parseLatentsSource(latents, folder);
  throw new RefineError('ROW_FIELD_MISSING', 'Expected an image, found none: add the key image, or latents');
};

const requirePrompt = ({ prompt }: PartialSettings): void => {
  if (prompt === undefined) {
    throw new RefineError(
      'ROW_FIELD_MISSING',
      'Expected a prompt, found none: add the key prompt, or the option --prompt',
    );
  }
};

/**
 * Checks every value of a row and completes it with options and defaults.
 *
 * @param folder what relative paths in the row are relative to
 * @returns the row, or an invalid row with code ROW_SYNTAX | ROW_FIELD_INVALID | ROW_FIELD_MISSING: the code of the
 *   first problem, the message of all
 */
export const parseRow = (
  raw: RawRow,
  origin: RowOrigin,
  folder: string,
  context: RowContext,
): RowDraft | InvalidRow => {
  if ('problem' in raw) return rejectRow(origin, [new RefineError('ROW_SYNTAX', raw.problem)]);
  const { problems, attempt } = collectProblems();
  const values: RowValues = {};
  const refused = new Set<RowKeyName>();
  for (const [name, value] of raw.known) {
    const parsed = attempt(() => {
      if (name in values) throw new RefineError('ROW_FIELD_INVALID', `Expected ${name} once, found it under two names`);
      return { [name]: parseValue(name, value) };
    });
    if (parsed === undefined) refused.add(name);
    else Object.assign(values, parsed);
  }
  const hasSource = !refused.has('image') && !refused.has('latents');
  const picture = hasSource ? attempt(() => pickSource(values, folder)) : undefined;
  const output = values.output === undefined ? null : attempt(() => parseOutput(values.output ?? ''));
  const settings = resolveSettings(values, refused, context);
  attempt(() => {
    if (!refused.has('prompt')) requirePrompt(settings);
  });
  problems.push(...settingProblems(settings, context));

  const id = values.id ?? null;
  const row = { ...origin, id, sourceText: picture?.sourceText ?? null, settings, extra: raw.extra };
  const [first, ...others] = problems;
  if (first !== undefined || picture === undefined || output === undefined) {
    return rejectRow(row, [first ?? new RefineError('INTERNAL', 'a row was refused without a reason'), ...others]);
  }
  const fit = values.fit ?? context.options.fit ?? ROW_KEYS.fit.default ?? 'pad';
  return { ...row, ...picture, settings: settings as RefineSettings, fit, output };
};
