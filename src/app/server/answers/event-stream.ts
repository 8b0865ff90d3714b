/** A response as server-sent events: steps with previews, then the result or the error. */
import { jsonText } from '../../../io/json/json-text.js';
import { PassThrough } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { encodePicture } from '../../../media/image/encode-picture.js';
import type { Pixels } from '../../../records/picture.js';
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
const PREVIEW = { format: 'jpeg', quality: 80, bitDepth: 8, metadata: false } as const;

export const eventStream = (reply: FastifyReply): EventStream => {
  const stream = new PassThrough();
  /* Ignores write errors after the client went away. */
  stream.on('error', () => undefined);
  let begun = false;
  /* Encoding previews takes time; the chain keeps events in order. */
  let last: Promise<void> = Promise.resolve();
  const heartbeat = setInterval(() => stream.write(':\n\n'), HEARTBEAT_MS);
  reply.raw.once('close', () => {
    clearInterval(heartbeat);
  });
  const send = (event: string, data: unknown): void => {
    if (stream.writable) stream.write(`event: ${event}\ndata: ${jsonText(data)}\n\n`);
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
      reply
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .type('text/event-stream; charset=utf-8');
      void reply.send(stream);
      send('accepted', { rows });
    },
    hasBegun: () => begun,
    step: ({ preview, ...step }) => {
      last = last.then(async () => {
        /* A failed preview must not fail the request. */
        send('step', { ...step, preview: preview === undefined ? null : await dataUrl(preview).catch(() => null) });
      });
    },
    end,
  };
};

const dataUrl = async (preview: Pixels): Promise<string> =>
  `data:image/jpeg;base64,${Buffer.from(await encodePicture(preview, PREVIEW)).toString('base64')}`;
