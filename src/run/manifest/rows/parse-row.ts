/** Parses a raw row into a valid row, or an invalid row with all its problems. */
import { basename } from 'node:path';
import { listSome, RefineError } from '../../../errors.js';
import type { InvalidRow, Row, RowOrigin } from '../../../records/row.js';
import type { PictureSource } from '../../../records/picture.js';
import type { RefineSettings } from '../../../records/settings.js';
import { collectProblems } from './collect-problems.js';
import { loraProblems, applyLoraWeights } from './lora-weights.js';
import { extensionOf, formatWithoutName, resolveEncoding } from './output-form.js';
import { surrogateWarning, replaceLoneSurrogates, replaceSettingSurrogates } from '../formats/well-formed-text.js';
import { outputStem, parseOutput } from './output-name.js';
import { type MetadataValues, needsEmbeddedValues, readEmbeddedValues } from './embedded-values.js';
import { parseLatentsSource, parsePictureSource } from '../inputs/picture-source.js';
import { parseValues } from './parse-values.js';
import { placeOf, type RawRow } from '../formats/raw-row.js';
import { sidecarOf } from '../formats/read-sidecar.js';
import {
  resolveSettings,
  settingProblems,
  type PartialSettings,
  type RowContext,
  withoutIdleSteps,
} from './resolve-settings.js';
import { ROW_KEYS, type RowKeyName, type RowValues } from './row-keys.js';
import { formatValue } from './format-value.js';

/** A valid row; its output is set only if the row names it. */
export type RowDraft = Omit<Row, 'output'> & {
  output: string | null;
  /** The output's name without extension, if no other row has it. */
  stem: string;
};

/** Parses a raw row into one row, or `count` rows. @param folder base of its relative paths */
export type RowParser = (
  raw: RawRow,
  origin: RowOrigin,
  folder: string,
  context: RowContext,
) => Promise<Iterable<RowDraft | InvalidRow>>;

/** Makes an invalid row from its known values and its problems. */
export const rejectRow = (
  row: RowOrigin &
    Partial<Pick<InvalidRow, 'id' | 'source' | 'sourceText' | 'settings' | 'generation' | 'extra' | 'warnings'>>,
  problems: readonly RefineError[],
): InvalidRow => {
  const { index, rowNumberPerFile, inputName, line, id = null, sourceText = null, settings = {}, extra = {} } = row;
  const place = line === null ? (sourceText ?? inputName) : placeOf(inputName, line);
  const texts = problems.map((problem) => problem.message);
  const message = `${texts.join('. ')} (${place})`;
  const error = { code: problems[0]?.code ?? 'INTERNAL', message };
  const { source, generation, warnings } = row;
  return {
    ...{ index, rowNumberPerFile, inputName, line, id, sourceText, settings, extra, error, problems: texts },
    ...(source === undefined ? {} : { source }),
    ...(generation === undefined ? {} : { generation }),
    ...(warnings === undefined ? {} : { warnings }),
  };
};

/** Keys of pictures as in an imagefolder: more than one, or lists. */
const manyPictures = (extra: Readonly<Record<string, unknown>>): string => {
  const names = Object.keys(extra).filter((name) => /(?:^|_)file_names?$/.test(name));
  if (names.length === 0) return 'add the key image, or latents';
  return `${listSome(names.map(formatValue), SHOWN_KEYS)} may name several pictures; give each a row, with the key image`;
};
const SHOWN_KEYS = 5;

const pickSource = (
  { image, latents }: RowValues,
  folder: string,
  extra: Readonly<Record<string, unknown>>,
): ReturnType<typeof parsePictureSource> => {
  if (image !== undefined && latents !== undefined) {
    throw new RefineError('ROW_FIELD_INVALID', 'Expected image or latents, found both: remove one');
  }
  if (image !== undefined) return parsePictureSource(image, folder);
  if (latents !== undefined) return parseLatentsSource(latents, folder);
  throw new RefineError('ROW_FIELD_MISSING', `Expected an image, found none: ${manyPictures(extra)}`);
};

const requirePrompt = (
  { prompt }: PartialSettings,
  source: PictureSource | undefined,
  { line }: Pick<RowOrigin, 'line'>,
): void => {
  if (prompt !== undefined) return;
  const sidecar = source?.kind === 'file' ? formatValue(basename(sidecarOf(source.path))) : null;
  /* A file without a line is a picture of the command line: it has no keys. */
  const mend =
    sidecar === null
      ? 'add the key prompt, or the option --prompt'
      : line === null
        ? `give -p "what the picture shows", or write it into ${sidecar} beside the picture`
        : `add the key prompt, the option --prompt, or a file ${sidecar} beside the picture`;
  throw new RefineError('ROW_FIELD_MISSING', `Expected a prompt, found none: ${mend}`);
};

const NO_METADATA: MetadataValues = { values: {}, warnings: [] };

/** The parser of `batch`: one row for each raw row. */
export const parseBatchRow: RowParser = async (...row) => [await parseRow(...row)];

/**
 * Checks every value of a row and completes it with options, its picture's metadata, and defaults.
 *
 * @param folder base of relative paths in the row
 * @returns the row, or an invalid row with code ROW_SYNTAX | ROW_FIELD_INVALID | ROW_FIELD_MISSING: the code is of the
 *   first problem, the message has all
 */
export const parseRow = async (
  read: RawRow,
  origin: RowOrigin,
  folder: string,
  context: RowContext,
): Promise<RowDraft | InvalidRow> => {
  if ('problem' in read) return rejectRow(origin, [new RefineError('ROW_SYNTAX', read.problem)]);
  const { row: raw, mended } = replaceLoneSurrogates(read);
  const { problems, attempt, keep } = collectProblems();
  const { values, refused } = parseValues(raw.known, attempt);
  const hasSource = !refused.has('image') && !refused.has('latents');
  const picture = hasSource ? attempt(() => pickSource(values, folder, raw.extra)) : undefined;
  const extension = extensionOf({ format: formatWithoutName(values, context.options) });
  const output = values.output === undefined ? null : attempt(() => parseOutput(values.output ?? '', extension));
  const encoding = output === undefined ? undefined : attempt(() => resolveEncoding(values, context, output));
  const isMissing = (name: RowKeyName): boolean => !(name in values || name in context.options || refused.has(name));
  const found =
    picture?.source.kind === 'file' && needsEmbeddedValues(isMissing, context)
      ? await readEmbeddedValues(picture.source.path, isMissing, context).catch(keep)
      : NO_METADATA;
  const embedded = found === undefined ? undefined : withoutIdleSteps(values, refused, context, found);
  const resolved = replaceSettingSurrogates(resolveSettings(values, refused, context, embedded?.values));
  const { settings, warnings: tagWarnings } = applyLoraWeights(resolved.settings, values, context);
  const warnings = (raw.warnings ?? []).concat(
    embedded?.warnings ?? [],
    surrogateWarning([...mended, ...resolved.mended]),
    tagWarnings,
  );
  attempt(() => {
    if (!refused.has('prompt') && embedded !== undefined) requirePrompt(settings, picture?.source, origin);
  });
  problems.push(...settingProblems(settings), ...loraProblems(values, context));

  /* Written out: objects spread among other properties take 30 times as long, and a manifest may have a million rows. */
  const { index, rowNumberPerFile, inputName, line } = origin;
  const { extra } = raw;
  const id = values.id ?? null;
  if (problems.length > 0 || picture === undefined || output === undefined || encoding === undefined) {
    const sourceText = picture?.sourceText ?? null;
    const known = { ...origin, id, sourceText, settings, extra, ...(warnings.length === 0 ? {} : { warnings }) };
    return rejectRow({ ...known, ...picture }, problems);
  }
  const { source, sourceText } = picture;
  const fit = values.fit ?? context.options.fit ?? ROW_KEYS.fit.default;
  const stem = outputStem(source, index, raw.ownName);
  const draft = {
    index,
    rowNumberPerFile,
    inputName,
    line,
    id,
    sourceText,
    settings: settings as RefineSettings,
    extra,
    source,
    fit,
    output,
    encoding,
    stem,
  };
  return warnings.length === 0 ? draft : { ...draft, warnings };
};
