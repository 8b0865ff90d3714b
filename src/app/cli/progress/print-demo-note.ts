/** Prints, before any work, that a demo model runs; no note for the package's own pictures. */
import type { Manifest } from '../../../run/manifest/read-rows.js';
import type { ProcessContext } from '../process-context.js';
import { areFixtures, demoNote, noteText, type DemoModel } from './demo-note.js';

/** @param row keys and values of the row of a run without inputs */
export const printDemoNote = async (
  inputs: readonly string[],
  context: ProcessContext,
  demos: readonly DemoModel[],
  row: Manifest['row'] = [],
): Promise<void> => {
  const picture = row.flatMap(([key, value]) => (key === 'image' && typeof value === 'string' ? [value] : []));
  if (areFixtures([...inputs, ...picture], context.cwd())) return;
  const note = await demoNote(demos, context.env);
  if (note !== null) context.stderr.write(noteText(note));
};
