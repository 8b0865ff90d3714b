/** Whether there is something at a path. */
import { access } from 'node:fs/promises';

/** By links too; what cannot be reached is not there. */
export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
