import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Lends an ICC profile as a file, which is the only form that sharp takes it in; the file is gone afterwards. */
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

/** Classes of profiles that lead from sRGB into them as well as out: displays, colour spaces, printers (ICC.1:2022, 8). */
const TWO_WAY_CLASSES: readonly string[] = ['mntr', 'spac', 'prtr'];

/** Whether refined colours can be moved to a profile: it is of RGB, not of inks or grey (ICC.1:2022, 7.2), and leads both ways. */
export const isWritable = (profile: Uint8Array): boolean => {
  const header = Buffer.from(profile.subarray(0, 20)).toString('latin1');
  return TWO_WAY_CLASSES.includes(header.slice(12, 16)) && header.slice(16) === 'RGB ';
};
