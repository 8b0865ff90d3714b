/** Opens a model as a run does, which checks that every file and tensor of its networks exists. */
import { basename } from 'node:path';
import { Engine } from '../../run/engine/engine.js';
import { isRefineError, messageOf } from '../../errors.js';
import type { DoctorReport } from './report.js';

/** @param folder absolute */
export const checkModel = async (folder: string, signal: AbortSignal): Promise<DoctorReport['model']> => {
  const engine = new Engine({ model: folder, modelName: basename(folder), device: 'cpu' });
  try {
    const { openedInMs } = await engine.open(signal);
    return { folder, opened_in_ms: openedInMs, problem: null };
  } catch (thrown) {
    signal.throwIfAborted();
    const code = isRefineError(thrown) ? thrown.code : 'INTERNAL';
    return { folder, opened_in_ms: null, problem: { code, message: messageOf(thrown) } };
  } finally {
    engine.close();
  }
};
