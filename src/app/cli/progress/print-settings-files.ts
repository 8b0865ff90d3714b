import type { ProcessContext } from '../process-context.js';
import { escapeControls } from './escape-controls.js';

/**
 * Prints the names of the configuration files that a run has read, unless --quiet, which a found file cannot set. Escapes line
 * breaks in names.
 */
export const printSettingsFiles = (
  file: string | null,
  userFile: string | null,
  { quiet }: { quiet?: boolean },
  { stderr }: Pick<ProcessContext, 'stderr'>,
): void => {
  const files = [file, userFile].filter((path) => path !== null);
  if (files.length > 0 && quiet !== true) stderr.write(`Settings of ${files.map(escapeControls).join(' and ')}\n`);
};
