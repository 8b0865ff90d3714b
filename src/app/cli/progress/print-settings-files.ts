import type { ProcessContext } from '../process-context.js';
import { escapeControls } from './escape-controls.js';

/**
 * Names the configuration files that a run has read, unless the user asked for silence: a file that was found cannot ask for it.
 * Folders may have any name, so a line break in one does not begin a line of its own.
 */
export const printSettingsFiles = (
  file: string | null,
  userFile: string | null,
  { quiet }: { quiet?: boolean },
  { stderr }: Pick<ProcessContext, 'stderr'>,
): void => {
  const files = [file, userFile].filter((one) => one !== null);
  if (files.length > 0 && quiet !== true) stderr.write(`Settings of ${files.map(escapeControls).join(' and ')}\n`);
};
