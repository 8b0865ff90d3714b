/** A run in which no row can run: its rows fail, and no model is downloaded or opened for them. */
import { stat } from 'node:fs/promises';
import { isRefineError, RefineError } from '../../errors.js';
import { parseSchedulerConfig } from '../../diffusion/schedulers/registry.js';
import { readPictureHeader } from '../../media/image/read-header.js';
import type { InvalidRow, Row } from '../../records/row.js';
import { NO_WORK } from './count-calls.js';
import type { EndedRow, ProcessorInfo, RowProcessor } from './row-processor.js';

/** Reads rows up to the first that can run, as far as its values and its file say. @throws the signal's reason */
export const canAnyRun = async (rows: AsyncIterable<Row | InvalidRow>, signal: AbortSignal): Promise<boolean> => {
  for await (const row of rows) {
    signal.throwIfAborted();
    if (await canRun(row)) return true;
  }
  return false;
};

const canRun = async (row: Row | InvalidRow): Promise<boolean> => {
  if ('error' in row) return false;
  const { source, sourceText } = row;
  try {
    if (source.kind === 'file') await readPictureHeader(source, sourceText ?? '');
    if (source.kind === 'latents') await stat(source.path);
    return true;
  } catch (thrown) {
    /* Another error is for the run to explain. */
    return source.kind !== 'latents' && !(isRefineError(thrown) && thrown.scope === 'row');
  }
};

/** What results say of the models that were not opened. */
export type UnopenedNames = Pick<ProcessorInfo, 'model' | 'baseModel' | 'device' | 'precision'>;

const NO_SCHEDULER = parseSchedulerConfig({ _class_name: 'EulerDiscreteScheduler' });

export const unopenedWork = (names: UnopenedNames): RowProcessor => ({
  slots: () => 1,
  open: () =>
    Promise.resolve({
      ...names,
      ...{ modelDigest: '', modelsDigest: '', rejected: [], schedulerConfig: NO_SCHEDULER, openedInMs: 0 },
      isOpened: false,
    }),
  countCalls: () => NO_WORK,
  async *run(rows) {
    for await (const row of rows) yield row.kind === 'ready' ? failed(row.row) : row;
  },
  close: () => undefined,
});

/** Its file was mended meanwhile. Without a digest, a later run tries it. */
const failed = (row: Row): EndedRow => ({
  kind: 'failed',
  row,
  digest: null,
  error: new RefineError(
    'IMAGE_UNREADABLE',
    'The picture could not be read when the run began. Run the command again.',
  ),
});
