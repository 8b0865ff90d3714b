/**
 * Properties of the parsers of outside data, each for some inputs. The same inputs each time: a failure prints the smallest that fails.
 * `FUZZ_SEED=7 FUZZ_RUNS=10000` asks for others and more; `bench/fuzz.mjs` for thousands of each.
 */
import { env } from 'node:process';
import { PROPERTIES } from '../properties/index.js';

const SEED = Number(env['FUZZ_SEED'] ?? 20_261_127);

it.each(PROPERTIES)('$name', async ({ runs, check }) => {
  const { fault } = await check({ runs: Number(env['FUZZ_RUNS'] ?? runs), seed: SEED });
  if (fault !== null) throw new Error(fault);
});
