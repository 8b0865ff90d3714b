/** Whether there is something at a path. */
import { existingForm } from '../manifest/inputs/unicode-form.js';
import { access, lstat } from 'node:fs/promises';

/** By links too, and under the other form of Unicode's composition; what cannot be reached is not there. */
export const exists = (path: string): Promise<boolean> =>
  access(existingForm(path)).then(
    () => true,
    () => false,
  );

/** Whether something has a name, a link that leads nowhere included: whatever would be replaced. */
export const isTaken = async (path: string): Promise<boolean> =>
  (await exists(path)) ||
  lstat(path).then(
    () => true,
    () => false,
  );
