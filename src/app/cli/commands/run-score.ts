/** Runs `sdxl-refine score`: scores one request and prints the response. */
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { messageOf, RefineError } from '../../../errors.js';
import { FILE_LIMITS } from '../../../io/files/file-limits.js';
import { jsonText } from '../../../io/json/json-text.js';
import { parseJsonBody } from '../../server/requests/json-body.js';
import { requestReader } from '../../server/requests/read-request.js';
import { RefineService } from '../../server/refine-service.js';
import { score } from '../../server/score.js';
import { noteText } from '../progress/demo-note.js';
import { openScreening, planScreening } from '../options/safety-options.js';
import type { ScoreFlags } from '../options/score-flags.js';
import { createEngine, readingOf, scoreOptions } from './score-setup.js';
import { listenForStop } from '../stop-signal.js';
import type { ProcessContext } from '../process-context.js';

export const runScore = async (request: string, flags: ScoreFlags, context: ProcessContext): Promise<void> => {
  const screening = await planScreening(flags, context);
  const { reading, scoring } = scoreOptions(flags, screening);
  const body = await readRequest(request, context);
  /* Checked before the model, which may need a download. */
  parseJsonBody(body);
  const stop = listenForStop(context, () => undefined);
  try {
    await openScreening(screening, flags, context, stop.signal);
    const { engine, ofModel, note } = await createEngine(flags, context, stop.signal);
    if (note !== null && flags.quiet !== true) context.stderr.write(noteText(note));
    const service = new RefineService({ engine, places: 1 });
    const read = requestReader(readingOf(reading, ofModel));
    const onWarning = (warning: string, row: number): void => {
      if (flags.quiet !== true) context.stderr.write(`Note: row ${row}: ${warning}\n`);
    };
    try {
      const call = { signal: stop.signal, onStep: null };
      const results = await score(body, { ...scoring, read, refiner: service, onWarning }, call);
      context.stdout.write(`${jsonText(results)}\n`);
      /* If every row was blocked, no model was opened, and there are no warnings. */
      const { warnings = [] } = service.isReady && flags.quiet !== true ? service.info() : {};
      for (const warning of warnings) context.stderr.write(`Note: ${warning}\n`);
    } finally {
      service.close();
    }
  } finally {
    await screening.close();
    stop.release();
  }
};

const readRequest = async (request: string, context: ProcessContext): Promise<Uint8Array> => {
  try {
    return await readAll(request === '-' ? context.stdin : createReadStream(resolve(context.cwd(), request)));
  } catch (cause) {
    throw new RefineError('MANIFEST_UNREADABLE', `Cannot read the request ${request}: ${messageOf(cause)}.`, { cause });
  }
};

/** A request may come through a pipe, whose size is unknown. */
const readAll = async (stream: Readable): Promise<Uint8Array> => {
  const { what, bytes } = FILE_LIMITS.request;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > bytes) throw new Error(`it has more than ${bytes} bytes, the limit for ${what}`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
