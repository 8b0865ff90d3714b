/** Opens the queue and the store that the options name. */
import { resolve } from 'node:path';
import { RefineError } from '../../../errors.js';
import { openStore } from '../../../io/store/open-store.js';
import { isStorePlace } from '../../../io/store/store-uri.js';
import type { Store } from '../../../io/store/store.js';
import type { Broker } from '../../../run/queue/broker/broker.js';
import { openBroker } from '../../../run/queue/broker/open-broker.js';
import type { ProcessContext } from '../process-context.js';
import { LOCK_SECONDS, type QueueFlags } from './queue-flags.js';
import { parseWhole } from './run-options.js';

/** @param idleMs of a worker that ends when it is idle @throws USAGE_CONFLICT QUEUE_* */
export const openQueue = (flags: QueueFlags, idleMs: number | null = null): Promise<Broker> => {
  const { queue, queueName } = flags;
  if (queue === undefined) {
    throw new RefineError(
      'USAGE_CONFLICT',
      'Expected --queue, such as --queue redis://127.0.0.1:6379; it is not given.',
    );
  }
  if (!/^[\w.-]{1,100}$/.test(queueName)) {
    throw new RefineError(
      'USAGE_OPTION_INVALID',
      `Expected --queue-name to have letters, digits, ".", "_" and "-", got "${queueName}".`,
    );
  }
  const seconds = (flag: string, text: string): number => parseWhole(flag, text, 1) * 1000;
  return openBroker(queue, {
    name: queueName,
    lockMs: lockMs(flags),
    patienceMs: seconds('--queue-timeout', flags.queueTimeout),
    idleMs,
  });
};

/** @throws USAGE_OPTION_INVALID */
export const lockMs = ({ lockSeconds = LOCK_SECONDS }: QueueFlags): number =>
  parseWhole('--lock-seconds', lockSeconds, 1) * 1000;

/** A store as other processes on this machine can open it: a URI, or an absolute path. @throws STORE_URI_INVALID */
export const storePlace = (text: string, { cwd }: Pick<ProcessContext, 'cwd'>): string =>
  isStorePlace(text) ? text : resolve(cwd(), text);

/** The store of `--store`, else that of the queue's jobs. @throws USAGE_CONFLICT QUEUE_* STORE_* */
export const openRunStore = async (flags: QueueFlags, context: Pick<ProcessContext, 'cwd'>): Promise<Store> => {
  if (flags.store !== undefined) return openStore(storePlace(flags.store, context));
  const broker = await openQueue(flags);
  try {
    const job = await broker.anyJob();
    if (job !== null) return await openStore(job.store);
    throw new RefineError(
      'USAGE_CONFLICT',
      `Expected --store, since the queue at ${broker.shown} remembers no chunk that would name it: give the place that sdxl-refine enqueue was given.`,
    );
  } finally {
    await broker.close();
  }
};
