/** Runs `sdxl-refine serve`: checks options, then serves until it is stopped. */
import { ByteBudget } from '../../server/requests/byte-budget.js';
import { LONGEST_TIMER_MS } from '../../../io/system/longest-timer.js';
import { createLog } from '../../server/log.js';
import { createMetrics, type Metrics } from '../../server/metrics.js';
import { RefineService } from '../../server/refine-service.js';
import { RequestThread } from '../../server/requests/request-thread.js';
import { refuseWithoutAuthentication, serve } from '../../server/serve.js';
import { parsePort, parseWhole } from '../options/run-options.js';
import { openScreening, planScreening } from '../options/safety-options.js';
import { readKey, readTls } from '../options/serve-secrets.js';
import { createEngine, readingOf, scoreOptions } from './score-setup.js';
import { DEFAULT_DEADLINE_S, type ServeFlags } from '../options/serve-flags.js';
import { listenForStop } from '../stop-signal.js';
import { variable, type ProcessContext } from '../process-context.js';

const MEBIBYTE = 2 ** 20;
/** In MiB: JSON is parsed from one string, which V8 limits to 512. */
const MOST_BODY = 511;
/** In MiB. */
const MOST_BODIES = 2 ** 20;
const MOST_WAITING = 100_000;

/** @throws USAGE_* LISTEN_FAILED, and the errors of opening the model */
export const runServe = async (flags: ServeFlags, context: ProcessContext): Promise<void> => {
  const key = await readKey(flags, context);
  const { host } = flags;
  refuseWithoutAuthentication({ host, key, isGuardedElsewhere: flags.auth === false });
  const seconds = (flag: string, text: string): number => Math.min(parseWhole(flag, text, 1) * 1000, LONGEST_TIMER_MS);
  const deadline = flags.timeout ?? variable('WORKER_TIMEOUT', context) ?? DEFAULT_DEADLINE_S;
  const limits = {
    port: parsePort('--port', flags.port),
    deadlineMs: seconds('--timeout', deadline),
    receiveMs: seconds('--receive-timeout', flags.receiveTimeout),
    stopMs: seconds('--stop-timeout', flags.stopTimeout),
    bodyLimit: parseWhole('--body-limit', flags.bodyLimit, 1, MOST_BODY) * MEBIBYTE,
  };
  const bodiesLimit = parseWhole('--bodies-limit', flags.bodiesLimit, 1, MOST_BODIES) * MEBIBYTE;
  const budget = new ByteBudget(Math.max(bodiesLimit, limits.bodyLimit));
  const places = parseWhole('--queue', flags.queue, 0, MOST_WAITING) + 1;
  const screening = await planScreening(flags, context);
  const { reading, scoring } = scoreOptions(flags, screening);
  const tls = await readTls(flags, context);
  const log = createLog(context.stderr.write, flags.logJson === true, flags.quiet === true);
  const stop = listenForStop(context, () => undefined);
  try {
    await openScreening(screening, flags, context, stop.signal);
    const { engine, ofModel, note } = await createEngine(flags, context, stop.signal);
    const metrics: Metrics = createMetrics(() => service, budget);
    const service = new RefineService({ engine, places, onStepTime: metrics.stepTook, onTrouble: log.surprise });
    const request = readingOf(reading, ofModel);
    const thread = new RequestThread(request);
    try {
      await serve({
        ...limits,
        score: {
          /* Named keys, not a spread: in a spread the compiler does not find misspelled keys. */
          ...scoring,
          read: thread.read,
          readMetadata: thread.readMetadata,
          refiner: service,
          onWarning: (warning, row) => {
            log.say(`Note: row ${row} of a request: ${warning}`);
          },
        },
        rows: request.rows,
        note,
        service,
        metrics,
        budget,
        log,
        host,
        key,
        tls,
        signal: stop.signal,
        isGuardedElsewhere: flags.auth === false,
      });
    } finally {
      await thread.close();
    }
  } finally {
    await screening.close();
    stop.release();
  }
};
