/** Tests that a machine may be unable to run. Why they are skipped is noted for the summary of `npm test`. */
import { appendFileSync } from 'node:fs';
import { env } from 'node:process';

/** @param reason null: they run */
export const skipWhere = (reason: string | null): { it: typeof it; describe: typeof describe } => {
  if (reason === null) return { it, describe };
  const { testPath } = expect.getState();
  const notes = env['SDXL_REFINE_SKIP_NOTES'];
  if (notes !== undefined) appendFileSync(notes, `${JSON.stringify({ testPath, reason })}\n`);
  return { it: it.skip, describe: describe.skip };
};
