/** `sdxl-refine serve` as a process, on a free port, with the tiny refiner. */
import { readFileSync } from 'node:fs';
import { model, picture, slowRow } from './batch.js';
import { waitFor } from './processes.js';
import { startCli, type CliOptions, type RunningCli } from './run-cli.js';

export interface Serving extends RunningCli {
  url: string;
  port: number;
  pid: number;
  /** Standard error so far. */
  log: () => string;
}

/** @returns when the model has run once */
export const startServe = async (args: readonly string[] = [], options: CliOptions = {}): Promise<Serving> => {
  const serving = await startListening(args, options);
  await waitFor('the model', () => serving.log().includes('Ready') || serving.process.exitCode !== null);
  if (serving.process.exitCode !== null) throw new Error(`the server ended: ${serving.log()}`);
  return serving;
};

/** @param options `model` null: none is named @returns when the server listens */
export const startListening = async (
  args: readonly string[] = [],
  { model: named = model, ...options }: CliOptions & { model?: string | null } = {},
): Promise<Serving> => {
  const running = startCli(['serve', ...(named === null ? [] : ['--model', named]), '--port', '0', ...args], options);
  let log = '';
  running.process.stderr.on('data', (text: string) => (log += text));
  const url = await waitFor(
    'the server',
    () => /Listening on (\S+)/.exec(log)?.[1] ?? running.process.exitCode !== null,
  );
  if (typeof url !== 'string') throw new Error(`the server ended: ${log}`);
  return { ...running, url, port: Number(new URL(url).port), pid: running.process.pid!, log: () => log };
};

/** Stops servers that a test leaves behind. */
export const stopServe = async ({ process: child, done }: RunningCli): Promise<void> => {
  if (child.exitCode === null) child.kill('SIGKILL');
  await done;
};

export const squarePng = readFileSync(picture('square-64')).toString('base64');
export const largerPng = readFileSync(picture('square-128')).toString('base64');

/** Settings of which one step runs. */
export const quickParams = { steps: 2, strength: 0.5, seed: 1 };

/** The body of a request, in the form of Azure's sample. */
export const requestOf = (rows: readonly object[], params: object = quickParams): object => ({
  input_data: { columns: ['image', 'prompt'], index: rows.map((_, index) => index), data: rows },
  params,
});
export const quickRequest = requestOf([{ image: squarePng, prompt: 'a tiny picture' }]);
/** In the engine for longer than a test takes, as `slowRow` is. */
const { image: slowImage, prompt: slowPrompt, ...slowParams } = slowRow;
const slowPng = readFileSync(slowImage).toString('base64');
export const slowRequest = requestOf([{ image: slowPng, prompt: slowPrompt }], slowParams);

export const postScore = (url: string, body: unknown, options: RequestInit = {}): Promise<Response> =>
  fetch(`${url}/score`, {
    method: 'POST',
    body:
      typeof body === 'string' || body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body),
    ...options,
    headers: { 'content-type': 'application/json', ...(options.headers as Record<string, string>) },
  });

export interface ErrorBody {
  error: { code: string; message: string; row?: number };
}

/** What is read of Prometheus' text: the value of a metric without labels. */
export const readMetric = async (url: string, name: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
};
