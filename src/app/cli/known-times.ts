/** How long calls took in the last runs on this machine, for the time that `--dry-run` says: `times.json` in the cache folder. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { RefineError } from '../../errors.js';
import { preparedFolder, type Environment } from '../../io/files/cache-folders.js';
import { readFileBytes } from '../../io/files/open-file.js';
import { placeFile } from '../../io/files/place-file.js';
import { parseJson } from '../../io/json/parse-json.js';
import type { MemoryUse } from '../../records/model-options.js';
import { TimesOfRun, type CallTimes } from '../../run/batch/call-times.js';
import type { ProcessorInfo, RowProcessor } from '../../run/batch/row-processor.js';

const NAME = 'times.json';
/** Models, devices and precisions that are remembered: the last ones. */
const MOST = 100;
const LIMITS = { maxDepth: 4, maxTokens: 10_000 };

const milliseconds = z.number().min(0);
const schema = z.record(
  z.string(),
  z.object({ whole: milliseconds, cached: milliseconds.nullable(), rest: milliseconds }),
);

/** What decides how long calls take. */
export interface Timed extends Pick<ProcessorInfo, 'modelsDigest' | 'device' | 'precision'> {
  memory: MemoryUse;
  /** Rows at a time. */
  slots: number;
}

export type KnownTimes = (timed: Timed) => CallTimes | null;

const keyOf = ({ modelsDigest, device, precision, memory, slots }: Timed): string =>
  [modelsDigest, device, precision, device.startsWith('cpu') ? memory : 'lean', slots].join(' ');

/** A file that cannot be read is none: it only helps an estimate. */
const readAll = async (env: Environment): Promise<Map<string, CallTimes>> => {
  try {
    const bytes = await readFileBytes(join(preparedFolder(env), NAME), 'settings');
    const json = parseJson(bytes, LIMITS, (what) => new RefineError('INTERNAL', `${NAME} ${what}`));
    return new Map(Object.entries(schema.parse(json)));
  } catch {
    return new Map();
  }
};

export const readKnownTimes = async (env: Environment): Promise<KnownTimes> => {
  const known = await readAll(env);
  return (timed) => known.get(keyOf(timed)) ?? null;
};

/** Replaces what earlier runs measured. Where no cache can be written, nothing is remembered. */
const remember = async (env: Environment, timed: Timed, times: CallTimes): Promise<void> => {
  const known = await readAll(env);
  known.delete(keyOf(timed));
  known.set(keyOf(timed), times);
  const text = JSON.stringify(Object.fromEntries([...known].slice(-MOST)));
  await placeFile(join(preparedFolder(env), NAME), text, rename);
};

/** The processor, which remembers at the end of a run how long its calls took. */
export const rememberTimes = (
  work: RowProcessor,
  { memory, env }: { memory: MemoryUse; env: Environment },
): RowProcessor => {
  let info: ProcessorInfo | undefined;
  return {
    ...work,
    async open(signal) {
      return (info = await work.open(signal));
    },
    async *run(rows, context) {
      const run = new TimesOfRun();
      try {
        for await (const row of work.run(rows, context)) {
          /* A row that half precision could not hold ran in float32. */
          if (row.kind === 'refined' && row.reply.precision === info?.precision) run.observe(row.reply);
          yield row;
        }
      } finally {
        const { times } = run;
        if (times !== null && info !== undefined) {
          await remember(env, { ...info, memory, slots: work.slots() }, times).catch(() => undefined);
        }
      }
    },
  };
};
