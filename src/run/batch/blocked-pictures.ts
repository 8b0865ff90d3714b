/** A row that is blocked now may have a picture of an earlier run: the results list it no longer, and it stays. */
import type { InvalidRow, Row } from '../../records/row.js';
import type { EarlierResults } from '../results/earlier-results.js';
import { namesOf } from '../results/listed-outputs.js';
import type { WrittenFiles } from '../results/written-files.js';

export interface BlockedPictureOptions {
  earlier: EarlierResults | null;
  /** Size in bytes of the results that this run is appended to: their lines stay. */
  base: number;
  written?: Pick<WrittenFiles, 'remember'>;
  /** Called with the name of each such picture. */
  onUnlisted?: (name: string) => void;
}

/** Call before the row's files are taken. Remembers them as files of the folder's runs, so that a later run is not refused. */
export const leaveUnlisted = async (
  row: Row | InvalidRow,
  { earlier, base, written, onUnlisted }: BlockedPictureOptions,
): Promise<void> => {
  const found = 'output' in row ? ((await earlier?.findOutput(row.output)) ?? null) : null;
  if (found === null || found.offset < base) return;
  const { record } = found;
  const digests = [record.output_sha256, record.latents_sha256];
  for (const [at, name] of namesOf(record).entries()) {
    const sha256 = digests[at];
    if (sha256 !== undefined) written?.remember(name, sha256);
    onUnlisted?.(name);
  }
};
