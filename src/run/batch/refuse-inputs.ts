/** Refuses rows whose outputs would replace files that the run reads, under any name. */
import { join } from 'node:path';
import { RefineError } from '../../errors.js';
import { fileIdentity } from '../../io/files/file-identity.js';
import type { Row } from '../../records/row.js';
import { outputsOf } from './check-outputs.js';
import { NONE_IN_USE, type FilesInUse } from './files-in-use.js';

/** Refuses an output that would replace the row's own input. @throws OUTPUT_IS_INPUT */
export const refuseOwnInput = async ({ source, output }: Row, outputFolder: string): Promise<void> => {
  if (source.kind !== 'file' && source.kind !== 'latents') return;
  const [input, target] = await Promise.all([source.path, join(outputFolder, output)].map(fileIdentity));
  if (input === null || input !== target) return;
  throw new RefineError(
    'OUTPUT_IS_INPUT',
    `Expected an output that replaces no input, got ${output}, which is the row's own picture ${source.path}. Choose another --output-dir, or another output for the row.`,
  );
};

/** Refuses an output that would replace another file that the run reads. @throws OUTPUT_IS_INPUT */
export const refuseInUse = async (
  row: Row,
  { outputFolder, inUse = NONE_IN_USE }: { outputFolder: string; inUse?: FilesInUse },
): Promise<void> => {
  if (inUse.size === 0) return;
  for (const name of outputsOf(row)) {
    const path = inUse.get((await fileIdentity(join(outputFolder, name))) ?? '');
    if (path === undefined) continue;
    throw new RefineError(
      'OUTPUT_IS_INPUT',
      `Expected an output that replaces no input, got ${name}, which is ${path}, a file that this run reads. Choose another --output-dir, or another output for the row.`,
    );
  }
};
