/** The first file that the engine's process loads: what keeps the others from loading is told to its parent. */
import { messageOf } from '../../errors.js';
import { openFileProblem } from '../../io/files/open-file-limit.js';
import type { FromChild } from './protocol.js';

try {
  await import('./child.js');
} catch (thrown) {
  const message = openFileProblem() ?? `The inference engine could not be loaded: ${messageOf(thrown)}`;
  process.send?.({ kind: 'failed', error: { code: 'ENGINE_START', message } } satisfies FromChild, () =>
    process.exit(),
  );
}
