/** The output path of `sdxl-refine <picture>`, and whether it may be written. */
import { realpath } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { refuseExistingFile } from '../../../run/batch/check-outputs.js';
import { isTaken } from '../../../io/files/exists.js';
import { isFolder } from '../../../io/files/is-folder.js';
import { RefineError } from '../../../errors.js';
import { OUTPUT_EXTENSIONS } from '../../../run/manifest/rows/output-form.js';
import type { Row } from '../../../records/row.js';
import { expectOnThisMachine } from './output-place.js';
import { ask, canAsk } from '../progress/ask.js';
import type { ProcessContext } from '../process-context.js';

export interface PictureOutput {
  /** Absolute. */
  folder: string;
  /** File name. */
  name: string;
  /** Path as printed for people. */
  shown: string;
}

const TO_A_FILE =
  'One picture is written to a file: give -o <file>. To object storage, use batch: sdxl-refine batch <picture> --output-dir s3://<bucket>/<name>.';

/**
 * Extension of `--output`, which sets the format as a row's `output` does; null: it does not name a file.
 * @throws USAGE_OPTION_INVALID for a file of an unknown format, and for a URI
 */
export const outputEnding = async (output: string | undefined, cwd: string): Promise<string | null> => {
  if (output !== undefined) expectOnThisMachine('--output', output, TO_A_FILE);
  if (output === undefined || output === '-' || /[/\\]$/.test(output) || (await isFolder(resolve(cwd, output))))
    return null;
  const ending = extname(output).toLowerCase();
  if (OUTPUT_EXTENSIONS.includes(ending.slice(1))) return ending;
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Expected --output to end in one of .${OUTPUT_EXTENSIONS.join(' .')}, got "${output}".`,
  );
};

/** @param row whose `output` has the format's extension @param output as given, not `-` */
export const placeOutput = async (row: Row, output: string | undefined, cwd: string): Promise<PictureOutput> => {
  const { source } = row;
  if (output === undefined && source.kind !== 'file' && source.kind !== 'latents' && source.kind !== 'url') {
    throw new RefineError(
      'USAGE_CONFLICT',
      'Expected --output for a picture without a name, found none. Give -o <file>.',
    );
  }
  const defaultPath =
    'path' in source ? join(dirname(source.path), basename(row.output)) : resolve(cwd, basename(row.output));
  const beside = defaultPath.replace(/(\.[^.]+)$/, '-refined$1');
  const named = resolve(cwd, output ?? beside);
  const isFile = output === undefined || (await outputEnding(output, cwd)) !== null;
  const path = isFile ? named : join(named, basename(defaultPath));
  const shown = relative(cwd, path);
  return { folder: dirname(path), name: basename(path), shown: shown.startsWith('..') ? path : shown };
};

/**
 * Asks at a terminal whether to replace an existing file; elsewhere refuses.
 * @throws OUTPUT_EXISTS OUTPUT_IS_INPUT, the signal's reason
 */
export const mayWrite = async (
  { folder, name, shown }: PictureOutput,
  { source }: Row,
  { overwrite, context, signal }: { overwrite: boolean; context: ProcessContext; signal: AbortSignal },
): Promise<void> => {
  const path = join(folder, name);
  if (!(await isTaken(path))) return;
  if (await isFolder(path)) {
    throw new RefineError('OUTPUT_EXISTS', `${shown} is a folder. Give another name with -o.`, { context: { path } });
  }
  if ('path' in source && (await realpath(source.path).catch(() => '')) === (await realpath(path).catch(() => null))) {
    throw new RefineError('OUTPUT_IS_INPUT', `${shown} is the picture itself. Give another name with -o.`);
  }
  if (overwrite) return;
  if (canAsk(context) && (await ask(`${shown} exists. Replace it? [y/N] `, context, signal))) return;
  if (canAsk(context)) throw new RefineError('OUTPUT_EXISTS', `${shown} is not replaced.`, { context: { path } });
  await refuseExistingFile(path);
};
