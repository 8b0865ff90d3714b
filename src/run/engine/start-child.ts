/** Entry point of the engine's process: reports to the parent if the other modules cannot be loaded. */
import { messageOf } from '../../errors.js';
import { openFileProblem } from '../../io/files/open-file-limit.js';
import { OPENING, type FromChild } from './protocol.js';

try {
  await import('./child.js');
} catch (thrown) {
  const message = openFileProblem() ?? `The inference engine could not be loaded: ${messageOf(thrown)}`;
  process.send?.({ kind: 'failed', id: OPENING, error: { code: 'ENGINE_START', message } } satisfies FromChild, () =>
    process.exit(),
  );
}
