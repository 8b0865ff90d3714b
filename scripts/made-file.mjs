/** Files in the repository that a script makes from the source. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { root } from './steps.mjs';

/** Writes a made file; with --check, only says when it is not as the source has it, and lets the script end with 1. */
export const writeMade = (file, text) => {
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } else if (readIfThere(file) !== text) {
    const script = basename(process.argv[1]);
    console.error(`${relative(root, file)} is not what the source says: run node scripts/${script}`);
    process.exitCode = 1;
  }
};

export const readIfThere = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
};
