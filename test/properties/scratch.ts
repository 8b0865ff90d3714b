/** Files for parsers that open them: in one folder, which goes with the process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string | null = null;

export const scratchFolder = (): string => {
  if (folder === null) {
    const made = mkdtempSync(join(tmpdir(), 'sdxl-refine-properties-'));
    process.once('exit', () => {
      rmSync(made, { recursive: true, force: true });
    });
    folder = made;
  }
  return folder;
};

/** The last file of this name is replaced. @returns its path */
export const scratch = (name: string, bytes: Uint8Array | string): string => {
  const path = join(scratchFolder(), name);
  writeFileSync(path, bytes);
  return path;
};
