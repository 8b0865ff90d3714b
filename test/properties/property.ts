/** What has to hold for every input, as `npm test` and `bench/fuzz.mjs` ask it: the one some times, the other thousands of times. */
import fc, { type Arbitrary } from 'fast-check';

/** What an input is, for the counts of the long run. */
export type InputKind = 'file' | 'text' | 'value' | 'answer' | 'request';

export interface Property {
  /** Room and subject: `weights: a .npy file`. */
  readonly name: string;
  readonly kind: InputKind;
  /** Inputs of a short run. */
  readonly runs: number;
  readonly check: (options: { runs: number; seed: number }) => Promise<Outcome>;
}

export interface Outcome {
  runs: number;
  /** null: it held; else the smallest input that was found, its seed and path, and what was wrong. */
  fault: string | null;
}

/** Processor time of all threads for one input. Generous: what takes longer takes seconds or forever, on any machine. */
const MOST_MS = 4000;

/** @param holds throws when it does not hold */
export const property = <Input>(
  name: string,
  kind: InputKind,
  inputs: Arbitrary<Input>,
  holds: (input: Input) => unknown,
  runs = 50,
): Property => ({
  name,
  kind,
  runs,
  check: async ({ runs: numRuns, seed }) => {
    const asked = fc.asyncProperty(inputs, async (input) => {
      const start = process.cpuUsage();
      await holds(input);
      const { user, system } = process.cpuUsage(start);
      const spent = (user + system) / 1000;
      if (spent > MOST_MS) throw new Error(`it took ${Math.round(spent)} ms of the processor`);
    });
    const details = await fc.check(asked, { numRuns, seed, includeErrorInReport: true });
    return { runs: details.numRuns, fault: (await fc.asyncDefaultReportMessage(details)) ?? null };
  },
});
