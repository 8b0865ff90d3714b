/** Says, once and before any work, that a demo model runs: on other pictures than the package's own it is a bad surprise. */
import type { Manifest } from '../../../run/manifest/read-rows.js';
import type { Surroundings } from '../process-context.js';
import { areFixtures, demoNote, noteText, type DemoModel } from './demo-note.js';

/** @param row of a run without inputs */
export const sayDemo = async (
  inputs: readonly string[],
  around: Surroundings,
  demos: readonly DemoModel[],
  row: Manifest['row'] = [],
): Promise<void> => {
  const picture = row.flatMap(([key, value]) => (key === 'image' && typeof value === 'string' ? [value] : []));
  if (areFixtures([...inputs, ...picture], around.cwd())) return;
  const note = await demoNote(demos, around.env);
  if (note !== null) around.stderr.write(noteText(note));
};
