/** Opens a model again if its process is killed meanwhile: the cause may have passed. */
import { isRefineError } from '../../errors.js';

/** @param most openings in all @throws what the last opening throws, and any other error at once */
export const openAgain = async <Opened>(open: () => Promise<Opened>, most: number): Promise<Opened> => {
  for (let opening = 1; ; opening++) {
    try {
      return await open();
    } catch (thrown) {
      const wasKilled =
        isRefineError(thrown) && thrown.code === 'ENGINE_START' && (thrown.context['signal'] ?? null) !== null;
      if (!wasKilled || opening >= most) throw thrown;
    }
  }
};
