/** Writes a row's files: the saved latents, then the picture. */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Row } from '../../records/row.js';
import { writeAtomically, writeNew } from '../results/write-atomically.js';
import type { WrittenFiles } from '../results/written-files.js';
import { expectOutputFolder, outputsOf } from './check-outputs.js';
import { expectInside } from './expect-inside.js';
import { refuseObstacle } from './output-obstacles.js';
import { writeObject, type RemoteOutputs } from './remote-outputs.js';
import { NOTHING, type Replaceable } from './replaceable.js';

export interface OutputPlace {
  outputFolder: string;
  /** Removes temporary files of killed runs from a folder; called before each picture is written. */
  clearFolder?: (folder: string) => Promise<void>;
  replaceable?: Replaceable;
  written?: WrittenFiles;
  /** If the outputs are in object storage. */
  remote?: RemoteOutputs;
}

/**
 * An existing file stays unless it is `replaceable`.
 * @param latents as a file's bytes; null if not kept
 * @throws OUTPUT_UNWRITABLE OUTPUT_TAKEN OUTPUT_OBSTRUCTED
 */
export const writeOutputs = async (
  row: Row,
  picture: Uint8Array,
  latents: Uint8Array | null,
  { outputFolder, clearFolder, replaceable = NOTHING, written, remote }: OutputPlace,
): Promise<void> => {
  /* Writing creates missing folders, but an output folder that was removed must stay removed. */
  await expectOutputFolder(outputFolder);
  await clearFolder?.(dirname(join(outputFolder, row.output)));
  const write = async (name: string, bytes: Uint8Array): Promise<void> => {
    if (remote !== undefined) return writeObject(remote.store, name, bytes, replaceable);
    await expectInside(outputFolder, name);
    await written?.claim(name, bytes);
    try {
      await (replaceable.has(name) ? writeAtomically : writeNew)(join(outputFolder, name), bytes);
    } catch (thrown) {
      /* An obstacle may have appeared while the row ran. */
      await refuseObstacle(outputFolder, [name]);
      throw thrown;
    }
  };
  const [output, beside] = outputsOf(row);
  if (output === undefined) throw new Error('a row without an output');
  if (latents === null || beside === undefined) return write(output, picture);
  /* Before the picture, so that each existing picture has its latents. */
  await write(beside, latents);
  try {
    await write(output, picture);
  } catch (thrown) {
    if (remote === undefined && !replaceable.has(beside)) await rm(join(outputFolder, beside), { force: true });
    throw thrown;
  }
};
