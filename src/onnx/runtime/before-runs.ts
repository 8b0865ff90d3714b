/** A pause before each run of a network: others' work goes on, and a job that is to stop throws. */
import type { Session } from './session.js';

export type Pause = () => Promise<void>;

export const NO_PAUSE: Pause = () => Promise.resolve();

export const beforeRuns = (session: Session, pause: Pause): Session => ({
  run: async (feeds, outputs) => {
    await pause();
    return session.run(feeds, outputs);
  },
  close: () => session.close(),
});
