/** Checks all rows before a run starts: finds errors that end the run, and resolves duplicate ids and outputs. */
import { RefineError, type ErrorCode } from '../../errors.js';
import type { InvalidRow, Row } from '../../records/row.js';
import { countSteps } from './rows/count-steps.js';
import { findInputs } from './inputs/find-inputs.js';
import type { OptionsInput, RowsInput } from './inputs/manifest-input.js';
import { optionProblems } from './rows/option-problems.js';
import { extensionOf } from './rows/output-form.js';
import { rejectRow, type RowDraft } from './rows/parse-row.js';
import { PICTURE_EXTENSIONS } from './inputs/picture-extensions.js';
import { NONE_SKIPPED, skippedText, type SkippedFiles } from './inputs/skipped-files.js';
import { readRows, type Defaults, type Manifest } from './read-rows.js';
import { createRowClaims, type OutputNamer, type RowClaims } from './rows/row-claims.js';
import { formatValue } from './rows/format-value.js';

/** The result of checking a manifest. */
export interface ManifestCheck {
  rows: number;
  valid: number;
  /** Invalid rows by error code. */
  invalid: Readonly<Partial<Record<ErrorCode, number>>>;
  /** UNet steps of all valid rows, as exact as `countSteps`. */
  steps: number;
  skipped: SkippedFiles;
  /** Names of keys that are no settings and went to `extra`: the first of them. */
  extraKeys: readonly string[];
  /** Files of rows. */
  files: readonly string[];
  /** Reads the rows again in order, with their outputs; each reading gives the same outputs. @param others as for `readRows` */
  read: (others?: readonly Defaults[]) => AsyncGenerator<Row | InvalidRow>;
}

/** More are not named in a note. */
const MOST_EXTRA_KEYS = 100;

/** The input of a run without inputs: its options. */
const OPTIONS_INPUT: OptionsInput = { kind: 'options', name: '--prompt' };

/** Why an input has no rows. */
const emptyText = (input: RowsInput): string => {
  if (input.kind === 'rows' || input.kind === 'options') return `${input.name} has no rows`;
  if (input.kind === 'pictures' && input.isGlob === true) return `No file matches the pattern ${input.name}`;
  return `${input.name} has no pictures (${PICTURE_EXTENSIONS}) and no manifests (.jsonl .ndjson .csv .tsv)`;
};

const owner = (index: number): string => `row ${index + 1} of the run`;

/** Claims a draft's id and output, or rejects it if another row has claimed them. */
const settleClaims = (draft: RowDraft, claims: RowClaims): RowDraft | InvalidRow => {
  const { id, output, index } = draft;
  const idOwner = id === null ? index : claims.claimId(id, index);
  if (id !== null && idOwner !== index) {
    const message = `Duplicate id: expected a unique id, got ${formatValue(id)}, which ${owner(idOwner)} has too; change one`;
    return rejectRow(draft, [new RefineError('ROW_DUPLICATE_ID', message)]);
  }
  const outputOwner = output === null ? index : claims.claimOutput(output, index);
  if (output !== null && outputOwner !== index) {
    const message = `Duplicate output path: expected a unique output, got ${formatValue(output)}, which ${owner(outputOwner)} writes too, perhaps in other letters: some systems take A.png and a.png for one name; rename one`;
    return rejectRow(draft, [new RefineError('ROW_DUPLICATE_OUTPUT', message)]);
  }
  return draft;
};

const withOutput = (draft: RowDraft, output: string): Row => {
  const { stem: _stem, ...row } = draft;
  return Object.assign(row, { output });
};

const decideOutput = (draft: RowDraft, namer: OutputNamer): Row | InvalidRow => {
  if (draft.output === null) return withOutput(draft, namer.name(draft.stem, extensionOf(draft.encoding)));
  if (!namer.wasGiven(draft.output)) return withOutput(draft, draft.output);
  // Reached only if the manifest changed since it was checked.
  const message = `Duplicate output path: expected a unique output, got ${formatValue(draft.output)}, which an earlier row writes too: the manifest changed during the run`;
  return rejectRow(draft, [new RefineError('ROW_DUPLICATE_OUTPUT', message)]);
};

async function* readSettled(
  inputs: readonly RowsInput[],
  manifest: Manifest,
  claims: RowClaims,
  others: readonly Defaults[] = [],
): AsyncGenerator<RowDraft | InvalidRow> {
  for await (const row of readRows(inputs, manifest, others)) yield 'error' in row ? row : settleClaims(row, claims);
}

/**
 * Lists folders, then reads all rows once, keeping some bytes of each. Afterwards all outputs that rows name are known, so that
 * generated names can avoid them.
 *
 * @throws RefineError MANIFEST_UNREADABLE | MANIFEST_SYNTAX | MANIFEST_KEY_UNKNOWN | MANIFEST_EMPTY | USAGE_CONFLICT, and
 *   USAGE_OPTION_INVALID if options make every row invalid
 */
export const checkManifest = async (manifest: Manifest): Promise<ManifestCheck> => {
  const {
    inputs,
    skipped: found,
    beside = [],
  } = manifest.inputs.length > 0
    ? await findInputs(manifest.inputs, manifest)
    : { inputs: [OPTIONS_INPUT], skipped: NONE_SKIPPED, beside: [] };
  const claims = createRowClaims();
  const invalid: Partial<Record<ErrorCode, number>> = {};
  let rows = 0;
  let valid = 0;
  let steps = 0;
  const extraKeys = new Set<string>();
  /** Problems of the options that every row so far has. */
  let sharedProblems = await optionProblems(manifest);
  const unnamed = new Set(beside);
  for await (const row of readSettled(inputs, manifest, claims)) {
    rows += 1;
    if (row.source?.kind === 'file') unnamed.delete(row.source.path);
    if (extraKeys.size < MOST_EXTRA_KEYS) for (const key of Object.keys(row.extra)) extraKeys.add(key);
    sharedProblems = sharedProblems.filter((problem) => 'error' in row && row.problems.includes(problem));
    if ('error' in row) {
      invalid[row.error.code] = (invalid[row.error.code] ?? 0) + 1;
    } else {
      valid += 1;
      steps += countSteps(row);
    }
  }
  const skipped = { ...found, pictures: found.pictures - beside.length + unnamed.size };
  if (rows === 0) {
    const skippedNote = skippedText(skipped);
    const message = inputs.map(emptyText).join('; ');
    throw new RefineError('MANIFEST_EMPTY', skippedNote === '' ? message : `${message}; ${skippedNote}`);
  }
  if (sharedProblems.length > 0) {
    const isOne = manifest.inputs.length === 0;
    const where = isOne ? '' : '. Options, variables or the configuration file make this so for every row';
    const message = `${sharedProblems.join('. ')}${where}`;
    throw new RefineError('USAGE_OPTION_INVALID', message);
  }
  const read = async function* (others: readonly Defaults[] = []): AsyncGenerator<Row | InvalidRow> {
    const namer = claims.createNamer();
    try {
      for await (const row of readSettled(inputs, manifest, claims, others))
        yield 'error' in row ? row : decideOutput(row, namer);
    } finally {
      namer.close();
    }
  };
  const files = inputs.flatMap((input) => (input.kind === 'rows' ? [input.path] : []));
  return { rows, valid, invalid, steps, skipped, extraKeys: [...extraKeys].slice(0, MOST_EXTRA_KEYS), files, read };
};
