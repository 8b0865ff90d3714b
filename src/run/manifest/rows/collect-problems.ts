import { isRefineError, type RefineError } from '../../../errors.js';

export type Attempt = <T>(parse: () => T) => T | undefined;

/** Runs checks of a row one by one and collects their errors. */
export const collectProblems = (): {
  problems: RefineError[];
  attempt: Attempt;
  keep: (error: unknown) => undefined;
} => {
  const problems: RefineError[] = [];
  const keep = (error: unknown): undefined => {
    if (!isRefineError(error)) throw error;
    problems.push(error);
  };
  const attempt = <T>(parse: () => T): T | undefined => {
    try {
      return parse();
    } catch (error) {
      keep(error);
      return undefined;
    }
  };
  return { problems, attempt, keep };
};
