import { EventEmitter } from 'node:events';
import type { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { eventStream, type EventStream } from '#src/app/server/answers/event-stream.js';

const pixels = { data: new Uint8Array(48).fill(90), width: 4, height: 4 };

/** @returns the events, and the stream that the client reads, once it has begun */
const started = (heartbeatMs?: number): { events: EventStream; sent: () => PassThrough } => {
  let sent: PassThrough | undefined;
  const reply = {
    raw: new EventEmitter(),
    header: () => reply,
    type: () => reply,
    send: (stream: PassThrough) => {
      sent = stream;
    },
  };
  return { events: eventStream(reply as unknown as FastifyReply, heartbeatMs), sent: () => sent! };
};

const textOf = async (stream: PassThrough): Promise<string> => {
  let text = '';
  for await (const part of stream.setEncoding('utf8')) text += part as string;
  return text;
};

it('tells steps with previews in order, then the result', async () => {
  const { events, sent } = started();
  expect(events.hasBegun()).toBe(false);
  events.begin(1);
  expect(events.hasBegun()).toBe(true);
  const read = textOf(sent());
  events.step({ row: 0, step: 0, steps: 2 });
  events.step({ row: 0, step: 1, steps: 2, preview: pixels });
  await events.end('result', []);
  expect((await read).split('\n\n')).toEqual([
    'event: accepted\ndata: {"rows":1}',
    'event: step\ndata: {"row":0,"step":0,"steps":2,"preview":null}',
    expect.stringMatching(/^event: step\ndata: .*"step":1,.*"preview":"data:image\/jpeg;base64,/),
    'event: result\ndata: []',
    '',
  ]);
});

it('steps of an unread response have no previews beyond a limit', async () => {
  const { events, sent } = started();
  events.begin(1);
  for (let step = 0; step < 1000; step++) events.step({ row: 0, step, steps: 1000, preview: pixels });
  const ended = events.end('result', []);
  const read = await textOf(sent());
  await ended;
  expect(read.match(/event: step/g)).toHaveLength(1000);
  expect(read.match(/data:image/g)).toHaveLength(100);
});

it('a failed preview fails nothing', async () => {
  const { events, sent } = started();
  events.begin(1);
  const read = textOf(sent());
  events.step({ row: 0, step: 1, steps: 1, preview: { ...pixels, width: 0 } });
  await events.end('error', { error: {} });
  expect(await read).toMatch(/"preview":null[^]*event: error/);
});

it('comments keep the connection open, and none comes before the head', async () => {
  const { events, sent } = started(1);
  await sleep(20);
  events.begin(1);
  const stream = sent().setEncoding('utf8');
  let text = '';
  for await (const part of stream) {
    text += part as string;
    if (/^:$/m.test(text)) break;
  }
  expect(text).toMatch(/^event: accepted/);
});
