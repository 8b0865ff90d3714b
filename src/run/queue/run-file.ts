/** The description of a run in its store: what `enqueue` decided for all workers. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { RefineError } from '../../errors.js';
import { parseJsonObject } from '../../io/json/parse-json.js';
import { objectNameFault } from '../../io/store/store-uri.js';
import type { Store } from '../../io/store/store.js';
import { MAX_FOUND_LORAS } from '../manifest/inputs/lora-folder.js';
import { RUN_ID } from './broker/job-data.js';
import { CHUNKS, CURSOR_NAME, END_NAME, MODEL_NAME, PARTS, PICTURES, RESULTS, RUN_NAME } from './store-names.js';

const count = z.int().min(0);
const flag = z.union([z.string(), z.boolean(), z.array(z.string())]);

const runFile = z.object({
  format: z.literal(1),
  id: z.string().regex(RUN_ID),
  /** Of the program that wrote it. */
  version: z.string(),
  /** Whose rows they are; absent: of `batch`. */
  kind: z.enum(['batch', 'generate']).optional(),
  inputs: z.array(z.string()),
  rows: count,
  /** Digest of the inputs' places and all options: the same command goes on with the run. */
  command: z.string(),
  /** Seed of rows without one. */
  seed: count,
  /** Folder in which `enqueue` ran: paths in `flags` are relative to it. */
  cwd: z.string(),
  /** Options that decide the pictures, as the command line gave them. */
  flags: z.record(z.string(), flag),
  /** LoRAs that rows name: their places in the folder of --lora-dir, which each worker may have elsewhere. */
  loras: z
    .array(z.object({ name: z.string(), path: z.string().refine((path) => objectNameFault(path) === null) }))
    .max(MAX_FOUND_LORAS)
    .optional(),
});
export type RunFile = z.infer<typeof runFile>;

const cursorFile = z.object({
  /** Chunks that are in the store and in the queue. */
  chunks: count,
  /** Rows in them. */
  rows: count,
  /** SHA-256 of their lines. */
  digest: z.string(),
  /** Chunks of which the queue cannot lose the jobs any more, if it should die; older versions did not write it. */
  sure: count.optional(),
});
export type Cursor = z.infer<typeof cursorFile>;

const endFile = z.object({ chunks: count, rows: count });
export type End = z.infer<typeof endFile>;

const modelFile = z.object({ digest: z.string() });

const MAX_BYTES = 2 ** 20;
const LIMITS = { maxDepth: 4, maxTokens: 100_000 };

export const newRunId = (): string => `r${randomBytes(6).toString('hex')}`;

/** null if there is no such object. @throws QUEUE_OTHER_RUN if it is not of this program, STORE_* */
const readJson = async <Value>(store: Store, name: string, schema: z.ZodType<Value>): Promise<Value | null> => {
  if (!(await store.has(name))) return null;
  const bytes = await store.read(name, { maxBytes: MAX_BYTES });
  const fault = (what: string): RefineError =>
    new RefineError(
      'QUEUE_OTHER_RUN',
      `Expected ${name} in ${store.shown} to be of sdxl-refine enqueue, but it ${what}. Choose another --store, or the program's version that wrote it.`,
    );
  const parsed = schema.safeParse(parseJsonObject(bytes, LIMITS, fault));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw fault(`has an invalid "${issue?.path.join('.') ?? ''}": ${issue?.message ?? ''}`);
};

const bytesOf = (value: object): Uint8Array => Buffer.from(`${JSON.stringify(value)}\n`);

export const readRunFile = (store: Store): Promise<RunFile | null> => readJson(store, RUN_NAME, runFile);

/** @throws QUEUE_OTHER_RUN STORE_* */
export const expectRunFile = async (store: Store): Promise<RunFile> => {
  const run = await readRunFile(store);
  if (run !== null) return run;
  throw new RefineError(
    'QUEUE_OTHER_RUN',
    `Expected a run in ${store.shown}, found no ${RUN_NAME}. Check --store, and that this machine reaches the place that sdxl-refine enqueue was given.`,
    { context: { store: store.shown } },
  );
};

/**
 * @returns the store's run: this one, or the one that another `enqueue` just wrote
 * @throws OUTPUT_EXISTS if there are pictures or objects of a run whose description is gone
 */
export const writeRunFile = async (store: Store, run: RunFile): Promise<RunFile> => {
  const left = await findLeftover(store);
  if (left === null) return (await store.writeNew(RUN_NAME, bytesOf(run))) ? run : expectRunFile(store);
  /* The same command began elsewhere while this one checked its rows, and its workers are as far as this. */
  const other = await readRunFile(store);
  if (other !== null) return other;
  throw new RefineError(
    'OUTPUT_EXISTS',
    `Expected a --store without a run, found ${left} in ${store.shown}, and no ${RUN_NAME}. Choose an empty place for this run.`,
    { context: { store: store.shown } },
  );
};

const findLeftover = async (store: Store): Promise<string | null> => {
  for (const folder of [PICTURES, CHUNKS, PARTS, RESULTS]) {
    for await (const { name } of store.list(folder)) return name;
  }
  for (const name of [CURSOR_NAME, END_NAME, MODEL_NAME]) if (await store.has(name)) return name;
  return null;
};

export const readCursor = async (store: Store): Promise<Cursor | null> => readJson(store, CURSOR_NAME, cursorFile);
export const writeCursor = (store: Store, cursor: Cursor): Promise<void> => store.write(CURSOR_NAME, bytesOf(cursor));

export const readEnd = (store: Store): Promise<End | null> => readJson(store, END_NAME, endFile);
export const writeEnd = async (store: Store, end: End): Promise<void> => {
  await store.writeNew(END_NAME, bytesOf(end));
};

/** What a model's digest has if its weights are quantized, which only CPUs do. */
const INT8 = / int8(?= |$)/;

/**
 * The first worker decides.
 * @param digest of `ProcessorInfo`, then those of LoRAs
 * @throws QUEUE_OTHER_RUN if this worker's model, LoRAs or embeddings are other ones, or only one of the two has int8
 */
export const expectSameModel = async (store: Store, digest: string): Promise<void> => {
  if (await store.writeNew(MODEL_NAME, bytesOf({ digest }))) return;
  const first = await readJson(store, MODEL_NAME, modelFile);
  if (first === null || first.digest === digest) return;
  const context = { store: store.shown };
  if (first.digest.replace(INT8, '') === digest.replace(INT8, '')) {
    const [theirs, own] = INT8.test(digest) ? ['floating point', 'int8'] : ['int8', 'floating point'];
    throw new RefineError(
      'QUEUE_OTHER_RUN',
      `Expected ${theirs}, which the run's first worker uses, found ${own} on this machine: pictures would differ. The model is the same; --speed fast is int8 on CPUs only. Give this run only CPUs (work --device cpu) or only GPUs, or enqueue it with --precision fp32 into another --store.`,
      { context },
    );
  }
  throw new RefineError(
    'QUEUE_OTHER_RUN',
    `Expected the model of the run's other workers, found a model with other contents on this machine: pictures would differ. Give --model with the same files, and compare them with sdxl-refine models verify.`,
    { context },
  );
};
