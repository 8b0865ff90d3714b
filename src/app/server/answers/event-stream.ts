/** A response as server-sent events: steps with previews, then the result or the error. */
import { jsonText } from '../../../io/json/json-text.js';
import { PassThrough } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { encodePicture } from '../../../media/image/encode-picture.js';
import type { Pixels } from '../../../records/picture.js';
import { listText } from './list-text.js';
import type { ScoreStep } from '../score.js';

export interface EventStream {
  /** Sends the head; until then the response may still be a plain error. */
  begin: (rows: number) => void;
  hasBegun: () => boolean;
  step: (step: ScoreStep) => void;
  end: (event: 'result' | 'error', data: unknown) => Promise<void>;
}

/** Interval of comments that keep proxies from closing a quiet connection. */
const HEARTBEAT_MS = 15_000;
/** Bytes that may wait for a client. While more do, steps have no previews. */
const MOST_UNREAD = 2 ** 20;
/** That wait to be encoded, which takes milliseconds. */
const MOST_PREVIEWS = 100;
const PREVIEW = { format: 'jpeg', quality: 80, bitDepth: 8, metadata: false } as const;

export const eventStream = (reply: FastifyReply, heartbeatMs = HEARTBEAT_MS): EventStream => {
  const stream = new PassThrough({ highWaterMark: MOST_UNREAD });
  /* Ignores write errors after the client went away. */
  stream.on('error', () => undefined);
  let begun = false;
  /* Encoding previews takes time; the chain keeps events in order. */
  let last: Promise<void> = Promise.resolve();
  let heartbeat: NodeJS.Timeout | undefined;
  /* Previews that wait to be encoded. */
  let previews = 0;
  const send = (event: string, data: unknown): void => {
    if (!stream.writable) return;
    stream.write(`event: ${event}\ndata: `);
    for (const piece of Array.isArray(data) ? listText(data) : [jsonText(data)]) stream.write(piece);
    stream.write('\n\n');
  };
  const end: EventStream['end'] = async (event, data) => {
    clearInterval(heartbeat);
    await last;
    send(event, data);
    stream.end();
  };
  return {
    begin: (rows) => {
      begun = true;
      /* Until then no head is sent, which must come before any comment. */
      heartbeat = setInterval(() => stream.write(':\n\n'), heartbeatMs);
      reply.raw.once('close', () => {
        clearInterval(heartbeat);
      });
      reply
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .type('text/event-stream; charset=utf-8');
      void reply.send(stream);
      send('accepted', { rows });
    },
    hasBegun: () => begun,
    step: ({ preview, ...step }) => {
      const isShown = preview !== undefined && !stream.writableNeedDrain && previews < MOST_PREVIEWS;
      const shown = isShown ? preview : null;
      if (isShown) previews++;
      last = last.then(async () => {
        /* A failed preview must not fail the request. */
        send('step', { ...step, preview: shown === null ? null : await dataUrl(shown).catch(() => null) });
        if (shown !== null) previews--;
      });
    },
    end,
  };
};

const dataUrl = async (preview: Pixels): Promise<string> =>
  `data:image/jpeg;base64,${Buffer.from(await encodePicture(preview, PREVIEW)).toString('base64')}`;
