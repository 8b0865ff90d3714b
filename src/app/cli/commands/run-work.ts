/** Runs `work`: takes chunks from the queue until it is stopped or idle. */
import { rm } from 'node:fs/promises';
import type { WorkerMetrics } from '../../server/worker-metrics.js';
import { openStore } from '../../../io/store/open-store.js';
import type { Store } from '../../../io/store/store.js';
import type { Broker, ChunkJob } from '../../../run/queue/broker/broker.js';
import { work, type WorkEvent } from '../../../run/queue/work.js';
import { lockMs, openQueue, storePlace } from '../options/open-queue.js';
import { RESIDENT } from '../options/option-choices.js';
import {
  parseBatchSize,
  parseChoice,
  parseDevices,
  parsePort,
  parseVaeTiling,
  parseWhole,
} from '../options/run-options.js';
import { failureOf, printFailure } from '../progress/failure-text.js';
import { count } from '../progress/summary-text.js';
import { timeText } from '../progress/time-text.js';
import type { ProcessContext } from '../process-context.js';
import { makeScratchFolder } from '../scratch-folder.js';
import { listenForStop } from '../stop-signal.js';
import { createRunOpener } from './open-queued-run.js';
import type { WorkFlags } from '../options/queue-flags.js';

/** @returns the exit code @throws USAGE_* QUEUE_* STORE_* MODEL_* DEVICE_* ENGINE_START */
export const runWork = async (flags: WorkFlags, context: ProcessContext): Promise<number> => {
  const { stderr } = context;
  /* Before a chunk is taken. */
  const devices = await parseDevices(flags.device);
  const batchSize = parseBatchSize(flags.batchSize);
  parseVaeTiling(flags.vaeTiling);
  parseChoice('--resident', flags.resident, RESIDENT);
  const floorMs = parseWhole('--stall-seconds', flags.stallSeconds, 1) * 1000;
  const idleMs = flags.exitWhenIdle === undefined ? null : parseWhole('--exit-when-idle', flags.exitWhenIdle, 0) * 1000;
  const metricsPort = flags.metricsPort === undefined ? null : parsePort('--metrics-port', flags.metricsPort);
  const ownStore = flags.store === undefined ? null : storePlace(flags.store, context);
  const stores = new Map<string, Promise<Store>>();
  const storeOf = ({ store }: Pick<ChunkJob, 'store'>): Promise<Store> => {
    const place = ownStore ?? store;
    const known = stores.get(place) ?? openStore(place);
    stores.set(place, known);
    return known;
  };
  const stop = listenForStop(context, () => {
    stderr.write('Stopping; the chunk goes back to the queue. Press Ctrl-C again to stop at once.\n');
  });
  const scratch = await makeScratchFolder(context);
  const opener = createRunOpener({ flags, devices, batchSize, floorMs, scratch }, context);
  try {
    const broker = await openQueue(flags, idleMs);
    let metrics: WorkerMetrics | null = null;
    try {
      if (metricsPort !== null) metrics = await serveMetrics(broker, { host: flags.metricsHost, port: metricsPort });
      if (flags.quiet !== true && metrics !== null) stderr.write(`Metrics at ${metrics.url}\n`);
      if (flags.quiet !== true) stderr.write(`Waiting for chunks from ${broker.shown}\n`);
      const say = describe(flags.quiet === true, context);
      await work({
        broker,
        lockMs: lockMs(flags),
        openStore: storeOf,
        openRun: opener.open,
        idleMs,
        signal: stop.signal,
        report: (event) => {
          metrics?.report(event);
          say(event);
        },
      });
      return 0;
    } finally {
      await metrics?.close();
      await broker.close();
    }
  } finally {
    await opener.close();
    await rm(scratch, { recursive: true, force: true });
    stop.release();
  }
};

/** The library is loaded for --metrics-port only. */
const serveMetrics = async (broker: Broker, place: { host: string; port: number }): Promise<WorkerMetrics> => {
  const { serveWorkerMetrics } = await import('../../server/worker-metrics.js');
  return serveWorkerMetrics(place, broker);
};

const describe = (isQuiet: boolean, { stderr }: ProcessContext): ((event: WorkEvent) => void) => {
  const print = (job: ChunkJob, text: string): void => {
    if (!isQuiet) stderr.write(`chunk ${job.chunk} of ${job.run}: ${text}\n`);
  };
  return (event) => {
    switch (event.kind) {
      case 'begun':
        return;
      case 'finished': {
        const { job, report } = event;
        if (report === null) {
          print(job, 'was finished already');
          return;
        }
        const failed = report.failed === 0 ? '' : `, ${report.failed} failed`;
        print(job, `${count(report.rows, 'row')} in ${timeText(report.seconds * 1000)}${failed}`);
        return;
      }
      case 'lost':
        print(event.job, 'its lock has ended, so it may be another worker’s; nothing more is written');
        return;
      case 'returned':
        print(event.job, 'went back to the queue');
        return;
      case 'failed':
        stderr.write(`chunk ${event.job.chunk} of ${event.job.run}: failed: ${event.reason}\n`);
        return;
      case 'batch': {
        if (event.event.kind !== 'row') return;
        const failure = failureOf(event.event.result, event.event.line);
        if (failure !== null) printFailure(failure, stderr);
      }
    }
  };
};
