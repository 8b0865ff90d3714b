/** `sdxl-refine score`: one request of the online endpoint, without a server. */
import { jsonText } from '../json/json-text.js';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { Command } from 'commander';
import { messageOf, RefineError } from '../errors.js';
import { parseJsonBody } from '../server/json-body.js';
import { RefineService } from '../server/refine-service.js';
import { score } from '../server/score.js';
import { addScoreOptions, createEngine, readFlags, scoreOptions, type ScoreFlags } from './score-setup.js';
import { openScreening, planScreening } from './safety-options.js';
import { listenForStop } from './stop-signal.js';
import { addRowOptions } from './row-options.js';
import type { Surroundings } from './surroundings.js';

const NOTES = `
Standard output is the response that sdxl-refine serve would send: a list with an object a row.

Exit codes: 0 answered, 1 a row is wrong or failed, 2 usage, 3 the request is wrong, 4 model, 5 device, 130 stopped.`;

export const scoreCommand = (around: Surroundings): Command => {
  const command = new Command('score')
    .description('Answers one request of the online endpoint, without a server.')
    .argument('<request>', 'request file, or - for standard input');
  return addRowOptions(addScoreOptions(command), 'batch')
    .addHelpText('after', NOTES)
    .action(async (request: string) => {
      await run(request, await readFlags<ScoreFlags>(command, around), around);
    });
};

const run = async (request: string, flags: ScoreFlags, around: Surroundings): Promise<void> => {
  const screening = await planScreening(flags, around);
  const scoring = scoreOptions(flags, screening);
  const body = parseJsonBody(await readRequest(request, around));
  const stop = listenForStop(around, () => undefined);
  try {
    await openScreening(screening, flags, around, stop.signal);
    const { engine, modelDefaults } = await createEngine(flags, around, stop.signal);
    const service = new RefineService({ engine, places: 1 });
    const rows = { ...scoring.rows, modelDefaults };
    try {
      const results = await score(body, { ...scoring, rows, refiner: service }, { signal: stop.signal, onStep: null });
      around.stdout.write(`${jsonText(results)}\n`);
      /* Where every row was blocked, there is no model that could have anything to say. */
      const { warnings = [] } = service.isReady && flags.quiet !== true ? service.info() : {};
      for (const warning of warnings) around.stderr.write(`Note: ${warning}\n`);
    } finally {
      service.close();
    }
  } finally {
    await screening.close();
    stop.release();
  }
};

const readRequest = async (request: string, around: Surroundings): Promise<Uint8Array> => {
  try {
    return request === '-' ? await readAll(around.stdin) : await readFile(resolve(around.cwd(), request));
  } catch (cause) {
    throw new RefineError('MANIFEST_UNREADABLE', `Cannot read the request ${request}: ${messageOf(cause)}.`, { cause });
  }
};

const readAll = async (stream: Readable): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
};
