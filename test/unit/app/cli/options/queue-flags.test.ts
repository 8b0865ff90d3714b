/** Options that a run in a queue hands to its workers. */
import { flagsOfWorkers } from '#src/app/cli/options/queue-flags.js';

it('are those that decide pictures, whatever else run.json has', () => {
  const flags = { model: 'm', lora: ['a=1', 'b'], speed: 'fast', contentSafety: 'azure', strength: '0.5' };
  const others = { outputDir: '/etc', predictionsCsv: '/x', device: 'cuda', cacheWeights: true, vae: undefined };
  const { strength: _, ...expected } = flags;
  expect(flagsOfWorkers({ ...flags, ...others })).toEqual(expected);
});
