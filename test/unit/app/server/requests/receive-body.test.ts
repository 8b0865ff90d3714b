import Fastify from 'fastify';
import { Readable } from 'node:stream';
import { ByteBudget } from '#src/app/server/requests/byte-budget.js';
import { addBodyReader } from '#src/app/server/requests/receive-body.js';

const KIBIBYTE = 1024;
const limits = { bodyLimit: 1024 * KIBIBYTE, budget: 1024 * KIBIBYTE };

/** Sends a body in pieces, without its length. */
const send = async (
  pieces: Iterable<Buffer>,
  { bodyLimit, budget: most } = limits,
): Promise<{ status: number; code?: string; message?: string; held: number; body: string; left: number }> => {
  const budget = new ByteBudget(most);
  const app = Fastify({ bodyLimit });
  addBodyReader(app, { bodyLimit, budget });
  let [body, held] = ['', 0];
  app.setErrorHandler((error: Error & { code: string }, _request, reply) =>
    reply.code(400).send({ code: error.code, message: error.message }),
  );
  app.post('/', (request) => {
    body = Buffer.from(request.body as Uint8Array).toString('latin1');
    held = budget.held;
    return {};
  });
  const headers = { 'content-type': 'application/json' };
  const payload = Readable.from(pieces, { objectMode: false });
  const reply = await app.inject({ method: 'POST', url: '/', headers, payload });
  await app.close();
  return { status: reply.statusCode, ...reply.json<object>(), held, body, left: budget.held };
};

/** Numbered, so that a misplaced one shows. */
const numbered = (count: number, length: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => Buffer.from(String(index).padStart(length)));

it('a body without a length arrives whole, and all the memory that it takes is counted', async () => {
  const pieces = numbered(3000, 100);
  const answer = await send(pieces);
  expect(answer).toMatchObject({ status: 200, body: Buffer.concat(pieces).toString('latin1') });
  expect(answer.held).toBe(512 * KIBIBYTE);
  expect(answer.left).toBe(0);
});

it('a body of many tiny pieces is refused: each costs more than its bytes', async () => {
  const answer = await send(numbered(20_000, 5));
  expect(answer).toMatchObject({ status: 400, code: 'REQUEST_INVALID', left: 0 });
  expect(answer.message).toContain('Content-Length');
  expect(await send(numbered(20_000, 50))).toMatchObject({ status: 200 });
});

it('a body may be as large as the limit, and no larger', async () => {
  const bodyLimit = 100 * KIBIBYTE;
  const options = { bodyLimit, budget: bodyLimit };
  expect(await send([Buffer.alloc(bodyLimit, 'a')], options)).toMatchObject({ status: 200, held: bodyLimit });
  expect(await send([Buffer.alloc(bodyLimit + 1, 'a')], options)).toMatchObject({ code: 'REQUEST_TOO_LARGE' });
});

it('a body whose memory is not free is told to come back', async () => {
  const answer = await send(numbered(3000, 100), { ...limits, budget: 400 * KIBIBYTE });
  expect(answer).toMatchObject({ code: 'SERVER_BUSY', left: 0 });
});
