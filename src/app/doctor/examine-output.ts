/** Tries to write to the output folder, because permissions alone do not decide on every file system. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../errors.js';
import type { DoctorReport } from './report.js';

/** @param folder of the outputs, absolute; if it does not exist, its nearest existing parent is tried */
export const examineOutput = async (folder: string): Promise<DoctorReport['output']> => {
  const place = await nearestFolder(folder);
  try {
    await rm(await mkdtemp(join(place, '.sdxl-refine-doctor-')), { recursive: true });
    return { folder, problem: null };
  } catch (cause) {
    const message = `Cannot write to ${place}: ${messageOf(cause)}. Name another folder with --output-dir.`;
    return { folder, problem: { code: 'OUTPUT_UNWRITABLE', message } };
  }
};

const nearestFolder = async (path: string): Promise<string> => {
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  return exists || dirname(path) === path ? path : nearestFolder(dirname(path));
};
