/** Opens the run of a chunk on this machine: its model stays open while chunks are of the same run. */
import { basename, join, resolve } from 'node:path';
import { RefineError } from '../../../errors.js';
import { makeFolder } from '../../../io/files/make-folder.js';
import { exists } from '../../../io/files/exists.js';
import type { Store } from '../../../io/store/store.js';
import type { LoraChoice } from '../../../records/model-options.js';
import type { DeviceRequest } from '../../../onnx/devices/device-request.js';
import { openAgain } from '../../../run/engine/open-again.js';
import type { BatchSize } from '../../../run/engine/protocol.js';
import { StepWatch } from '../../../run/engine/step-watch.js';
import { expectSameModel, type RunFile } from '../../../run/queue/run-file.js';
import type { OpenRun } from '../../../run/queue/work-chunk.js';
import type { BatchFlags } from '../options/batch-flags.js';
import { BUNDLED_MODEL } from '../options/bundled-model.js';
import { engineSpeed } from '../options/speed.js';
import { openScreening, planScreening } from '../options/safety-options.js';
import { packageVersion } from '../package-version.js';
import { printWarnings } from '../progress/print-warnings.js';
import type { ProcessContext } from '../process-context.js';
import { batchKind } from './batch-kind.js';
import { generateKind, type GenerateFlags } from './generate-run.js';
import { flagsOfWorkers, type WorkFlags } from '../options/queue-flags.js';

export interface OpenerOptions {
  flags: WorkFlags;
  devices: readonly DeviceRequest[];
  batchSize: BatchSize;
  /** Of `StepWatch`. */
  floorMs: number;
  /** Temporary folder of the worker. */
  scratch: string;
}

export interface RunOpener {
  /** @param run of the store @throws QUEUE_OTHER_RUN STORE_* MODEL_* CONTENT_SAFETY_SETUP ENGINE_START */
  open: (run: RunFile, store: Store, signal: AbortSignal) => Promise<OpenRun>;
  close: () => Promise<void>;
}

export const createRunOpener = (options: OpenerOptions, context: ProcessContext): RunOpener => {
  let current: { id: string; run: OpenRun } | null = null;
  const close = async (): Promise<void> => {
    const closing = current?.run;
    current = null;
    closing?.work.close();
    await closing?.screening.close();
  };
  return {
    open: async (run, store, signal) => {
      /* An engine that was ended with a chunk opens again with the next. */
      if (current?.id === run.id) {
        await current.run.work.open(signal);
        return current.run;
      }
      await close();
      const opened = await openRun(run, store, { ...options, signal }, context);
      current = { id: run.id, run: opened };
      return opened;
    },
    close,
  };
};

/** Of a run whose program did not have them. */
const EXACT = { speed: 'exact', precision: 'auto' };

const openRun = async (
  run: RunFile,
  store: Store,
  { flags, devices, batchSize, floorMs, scratch, signal }: OpenerOptions & { signal: AbortSignal },
  context: ProcessContext,
): Promise<OpenRun> => {
  const { model: named, base: namedBase } = run.flags;
  const model = flags.model === undefined ? named : await ownModel(flags.model, context);
  const base = flags.base === undefined ? namedBase : await ownModel(flags.base, context);
  /* The run's options, as enqueue parsed them, and this machine's. */
  const merged = {
    ...EXACT,
    ...flagsOfWorkers(run.flags),
    ...(model === undefined ? {} : { model }),
    ...(base === undefined ? {} : { base }),
    vaeTiling: flags.vaeTiling,
    ...(flags.cacheWeights === undefined ? {} : { cacheWeights: flags.cacheWeights }),
    quiet: flags.quiet === true,
  } as unknown as BatchFlags;
  const there = { ...context, stdin: context.stdin, cwd: () => run.cwd };
  const kind =
    run.kind === 'generate'
      ? generateKind(run.inputs, { ...merged, resident: flags.resident } as GenerateFlags, there, {
          base: textOf(namedBase),
          refiner: textOf(named),
        })
      : batchKind(merged, there, textOf(named) ?? basename(BUNDLED_MODEL));
  const { precision } = engineSpeed(merged);
  const screening = await planScreening(merged, there);
  const settings = {
    devices,
    precision,
    batchSize,
    namedLoras: await namedLoras(run, flags, context),
    resumes: false,
    part: '',
    outputFolder: scratch,
    signal,
  };
  const silent = await kind.createWork(settings);
  const work = flags.quiet === true ? silent : printWarnings(silent, context.stderr);
  try {
    await openScreening(screening, merged, context, signal);
    const info = await openAgain(() => work.open(signal), MOST_OPENINGS);
    if (flags.quiet !== true) {
      context.stderr.write(`Loaded ${info.model} on ${info.device} (${info.precision}) for the run ${run.id}\n`);
    }
    const adapters = Object.values(info.loraDigests ?? {});
    const models =
      run.kind === 'generate'
        ? [info.modelsDigest, ...(info.precision === 'int8' ? ['int8'] : [])]
        : [info.modelDigest];
    await expectSameModel(store, [...models, ...adapters].join(' '));
    const folder = join(scratch, run.id);
    await makeFolder(folder);
    return { store, work, info, screening, folder, watch: new StepWatch(floorMs), version: packageVersion() };
  } catch (thrown) {
    work.close();
    await screening.close();
    throw thrown;
  }
};

/** @throws WEIGHTS_FILE_MISSING: the engine would take one that is missing here for one that does not fit */
const namedLoras = async (
  { loras = [], flags, cwd }: RunFile,
  own: WorkFlags,
  context: ProcessContext,
): Promise<LoraChoice[]> => {
  const folder =
    own.loraDir === undefined ? resolve(cwd, textOf(flags['loraDir']) ?? '') : resolve(context.cwd(), own.loraDir);
  const choices = loras.map(({ name, path }) => ({ name, file: join(folder, path), weight: 0, mayNotFit: true }));
  for (const { file } of choices) {
    if (await exists(file)) continue;
    throw new RefineError(
      'WEIGHTS_FILE_MISSING',
      `Expected the LoRA ${file}, which rows of the run name, found no such file. Copy it there, or give work the folder that has it with --lora-dir.`,
      { context: { path: file } },
    );
  }
  return choices;
};

const textOf = (flag: RunFile['flags'][string] | undefined): string | undefined =>
  typeof flag === 'string' ? flag : undefined;

/** Tries of an engine whose process something killed: the cause may pass, and other workers would meet it too. */
const MOST_OPENINGS = 3;

/** A path of this machine is relative to where the worker runs, not to where `enqueue` ran. */
const ownModel = async (text: string, { cwd }: ProcessContext): Promise<string> => {
  const path = resolve(cwd(), text);
  return (await exists(path)) ? path : text;
};
