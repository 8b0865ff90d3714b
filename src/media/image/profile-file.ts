import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Writes an ICC profile to a temporary file, the only form that sharp accepts, and removes the file after use. */
export async function withProfileFile<T>(
  profile: Uint8Array | null,
  use: (path: string | null) => Promise<T>,
): Promise<T> {
  if (profile === null) return use(null);
  const folder = await mkdtemp(join(tmpdir(), 'sdxl-refine-profile-'));
  try {
    const path = join(folder, 'source.icc');
    await writeFile(path, profile);
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Profile classes that convert in both directions: displays, colour spaces, printers (ICC.1:2022, 8). */
const TWO_WAY_CLASSES: readonly string[] = ['mntr', 'spac', 'prtr'];

/** Whether refined colours can be converted to a profile: RGB, not inks or grey (ICC.1:2022, 7.2), and of a two-way class. */
export const isWritable = (profile: Uint8Array): boolean => {
  const header = Buffer.from(profile.subarray(0, 20)).toString('latin1');
  return TWO_WAY_CLASSES.includes(header.slice(12, 16)) && header.slice(16) === 'RGB ';
};
