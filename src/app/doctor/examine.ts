/** Runs all checks of `doctor`, and collects the problems that would end a run. */
import { examineCuda } from '../../onnx/libraries/cuda-libraries.js';
import { searchHere } from '../../onnx/libraries/library-search.js';
import { isRefineError, RefineError } from '../../errors.js';
import { listCached } from '../../models/hub/list-cached.js';
import { checkEngine } from './check-engine.js';
import { checkModel } from './check-model.js';
import { examineMachine } from './examine-machine.js';
import { examineOutput } from './examine-output.js';
import { examinePrepared } from './examine-prepared.js';
import type { DoctorReport, FolderUnknown, MachineReport, Problem } from './report.js';

export interface ExamineOptions {
  /** The program's version. */
  version: string;
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  model: string;
  /** Absolute. */
  outputFolder: string;
  signal: AbortSignal;
}

/** @throws the signal's reason; problems of the machine are in the report */
export const examine = async ({
  version,
  cwd,
  env,
  model,
  outputFolder,
  signal,
}: ExamineOptions): Promise<DoctorReport> => {
  const machine = await examineMachine(cwd);
  const engine = await checkEngine({ signal });
  signal.throwIfAborted();
  /* Skipped if the engine does not start: the report would blame the model. */
  const opened =
    engine.problem === null ? await checkModel(model, signal) : { folder: model, opened_in_ms: null, problem: null };
  const output = await examineOutput(outputFolder);
  const results = [nodeProblem(machine.node), engine.problem, opened.problem, output.problem];
  const problems = results.filter((problem) => problem !== null);
  const [first] = problems;
  return {
    version,
    ok: first === undefined,
    exit_code: first === undefined ? 0 : new RefineError(first.code, first.message).exitCode,
    problems,
    machine,
    engine,
    cuda: await examineCuda(searchHere(env)),
    model: opened,
    cache: await orFolderUnknown(listCached(env)),
    prepared: await orFolderUnknown(examinePrepared(env)),
    output,
  };
};

const orFolderUnknown = <T>(report: Promise<T>): Promise<T | FolderUnknown> =>
  report.catch((thrown: unknown) => {
    if (!isRefineError(thrown) || thrown.code !== 'CACHE_UNWRITABLE') throw thrown;
    return { folder: null, problem: { code: thrown.code, message: thrown.message } };
  });

const nodeProblem = ({ version, required, ok }: MachineReport['node']): Problem | null => {
  if (ok) return null;
  const message = `Node ${version} is too old. Install Node ${required} or later: https://nodejs.org.`;
  return { code: 'ENGINE_START', message };
};
