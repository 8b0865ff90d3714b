/** Generated requests that a server has to refuse: each wrong in one way that the seed decides. */
import { largerPng, quickRequest, squarePng } from './serve.js';

export interface BadRequest {
  what: string;
  /** What goes over the connection, all of it. */
  bytes: Buffer;
  /** The writing side is closed after the bytes; the answer can still be read. */
  halfClose: boolean;
}

type Draw = (below: number) => number;

const pick = <T>(draw: Draw, items: readonly T[]): T => items[draw(items.length)]!;

/** Values that no cell takes, one kind each of every type. */
const wrongValue = (draw: Draw): unknown =>
  pick<() => unknown>(draw, [
    () => draw(1000) - 500.5,
    () => true,
    () => [],
    () => [1, 'two', null],
    () => ({}),
    () => ({ nested: { more: draw(9) } }),
    () => '\u0000',
    () => 'x'.repeat(draw(30_000) + 21_000),
    () => nested(draw(2000) + 10),
    () => 1e308 * (draw(2) === 0 ? 1 : -1),
  ])();

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown;

/** A body that is JSON, and no request. */
const wrongBody = (draw: Draw): unknown => {
  const row = { image: squarePng, prompt: 'p' };
  const wrap = (input: object, rest: object = {}): object => ({
    input_data: { columns: ['image', 'prompt'], index: [0], data: [row], ...input },
    ...rest,
  });
  const settings = [
    'strength',
    'steps',
    'guidance_scale',
    'seed',
    'scheduler',
    'original_size',
    'fit',
    'format',
    'quality',
  ];
  return pick<() => unknown>(draw, [
    () => wrongValue(draw),
    () => ({ input: [row] }),
    () => ({ input_data: wrongValue(draw) }),
    () => wrap({ columns: wrongValue(draw), data: [['a', 'b']] }),
    () => wrap({ data: wrongValue(draw) }),
    () => wrap({ data: [wrongValue(draw)] }),
    () => wrap({ data: [[squarePng]] }),
    () => wrap({ data: [[squarePng, 'p', 'more']] }),
    () => wrap({ index: [1, 2, 3].slice(draw(2)) }),
    () => wrap({ data: [] }),
    () => wrap({ data: Array.from({ length: 17 }, () => row), index: undefined }),
    () => wrap({}, { params: pick(draw, [5, 'text', [1], true]) }),
    () => wrap({}, { params: { [pick(draw, settings)]: pick<unknown>(draw, [[], {}, true, 'no', '1', [1]]) } }),
    () => wrap({}, { params: { strenght: 0.3 } }),
    () => wrap({}, { params: { steps: 1, strength: 0.5 } }),
    () => wrap({}, { params: { scheduler: 'EulerDiscreteSchedulr' } }),
    () => wrap({}, { params: { output: '../../etc/passwd' } }),
    () => wrap({}, { params: { latents: '/etc/passwd.npy' } }),
    () => wrap({}, { params: { guidance_scale: 1e308, steps: 2, strength: 0.5 } }),
    () => wrap({}, { params: { aesthetic_score: -1e300, steps: 2, strength: 0.5 } }),
    () => wrap({ data: [{ prompt: 'p' }] }),
    () => wrap({ data: [{ image: squarePng }] }),
    () => wrap({ data: [{ image: wrongValue(draw), prompt: 'p' }] }),
    () => wrap({ data: [{ ...row, prompt: pick<unknown>(draw, [5, true, [], {}, 'x'.repeat(20_001)]) }] }),
    () => wrap({ data: [{ image: pick(draw, PATHS), prompt: 'p' }] }),
    () => wrap({ data: [{ image: pick(draw, URLS), prompt: 'p' }] }),
    () => wrap({ data: [{ image: damaged(draw), prompt: 'p' }] }),
  ])();
};

const PATHS = [
  '/etc/passwd',
  'cat.png',
  '../../secret.png',
  'C:\\pictures\\a.png',
  '~/.ssh/id_rsa',
  '\\\\host\\share\\a.png',
];
const URLS = [
  'file:///etc/passwd',
  'ftp://example.com/a.png',
  'http://',
  'http://127.0.0.1/a.png',
  'http://[::1]:5001/score',
  'http://169.254.169.254/latest',
  'http://user:pass@127.0.0.1/',
  'https://0x7f000001/a',
  'javascript:alert(1)',
  'data:image/png;base64',
  'data:,',
  'data:image/png;base64,%%%',
  'data:text/html,<b>no</b>',
];

/** A picture cut short, with bytes changed in its head, or something else entirely. */
const damaged = (draw: Draw): string => {
  const bytes = Buffer.from(largerPng, 'base64');
  return pick<() => Buffer>(draw, [
    () => bytes.subarray(0, draw(bytes.length / 2)),
    () => Buffer.concat([bytes.subarray(0, 16), Buffer.from([0xff, 0xff, 0xff, draw(256)]), bytes.subarray(20)]),
    () => Buffer.from('GIF89a'.padEnd(draw(200) + 10, '\u0001')),
    () => Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="/etc/passwd"/></svg>`),
    () => Buffer.from('%PDF-1.7\n'.repeat(10)),
    () => Buffer.alloc(draw(1000) + 1, draw(256)),
  ])().toString('base64');
};

/** Bytes that are no JSON. */
const wrongBytes = (draw: Draw): Buffer => {
  const good = JSON.stringify(quickRequest);
  return pick<() => Buffer>(draw, [
    () => Buffer.from(good.slice(0, draw(good.length - 1))),
    () => Buffer.from(`${good}${pick(draw, ['}', ',', '[', 'x', '\u0000'])}`),
    () => Buffer.from(good, 'utf16le'),
    () =>
      Buffer.concat([Buffer.from('{"input_data":"'), Buffer.from([0xc3, 0x28, draw(64) + 0x80]), Buffer.from('"}')]),
    () => Buffer.alloc(draw(500) + 1, draw(256)),
    () => Buffer.from('['.repeat(draw(200_000) + 10)),
    () => Buffer.from(' '.repeat(draw(100))),
    () => Buffer.from("{'input_data': {'data': []}}"),
    () => Buffer.from('input_data=x&data=y'),
    () => Buffer.from('NaN'),
  ])();
};

interface Message {
  method?: string;
  path?: string;
  headers?: Readonly<Record<string, string>>;
  body: Buffer;
}

const write = ({ method = 'POST', path = '/score', headers = {}, body }: Message): Buffer => {
  const all = {
    host: 'localhost',
    'content-type': 'application/json',
    'content-length': String(body.length),
    ...headers,
  };
  const lines = Object.entries({ connection: 'close', ...all }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), body]);
};

const good = Buffer.from(JSON.stringify(quickRequest));

/** What is wrong around the body. */
const wrongMessage = (draw: Draw): Message | Buffer =>
  pick<() => Message | Buffer>(draw, [
    () => ({
      body: good,
      headers: { 'content-type': pick(draw, ['text/plain', 'application/xml', 'multipart/form-data', '']) },
    }),
    () => ({ body: good, headers: { 'content-type': 'application/json; charset=utf-16' } }),
    () => ({ body: good, headers: { 'content-encoding': pick(draw, ['gzip', 'br', 'deflate']) } }),
    () => ({ body: good, method: pick(draw, ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) }),
    () => ({ body: good, path: pick(draw, ['/scores', '/score/', '/../etc/passwd', '/score%00', '/%zz', '/score;x']) }),
    () => ({ body: good, headers: { host: 'rebound.example' } }),
    () => ({ body: good, headers: { 'content-length': pick(draw, ['-1', 'many', '1e3', '99999999999999999999']) } }),
    () => ({ body: good, headers: { 'x-large': 'x'.repeat(20_000) } }),
    () => Buffer.from(`${pick(draw, ['HELLO', 'POST', 'POST /score', '\u0016\u0003\u0001'])}\r\n\r\n`, 'latin1'),
    () =>
      Buffer.from(
        'POST /score HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
      ),
    () => ({ body: Buffer.alloc(1_100_000, 32) }),
  ])();

export const badRequest = (draw: Draw): BadRequest => {
  const kind = draw(10);
  if (kind < 5) {
    const body = Buffer.from(JSON.stringify(wrongBody(draw)));
    return { what: `body ${body.subarray(0, 200).toString()}`, bytes: write({ body }), halfClose: draw(4) === 0 };
  }
  if (kind < 7) {
    const body = wrongBytes(draw);
    return {
      what: `bytes ${body.subarray(0, 100).toString('latin1')}`,
      bytes: write({ body }),
      halfClose: draw(4) === 0,
    };
  }
  if (kind < 9) {
    const message = wrongMessage(draw);
    const bytes = Buffer.isBuffer(message) ? message : write(message);
    return { what: `message ${bytes.subarray(0, 200).toString('latin1')}`, bytes, halfClose: draw(4) === 0 };
  }
  /* The body never comes whole: the connection is closed on the way, or stays open until the server has had enough. */
  const bytes = write({ body: good });
  const part = bytes.subarray(0, bytes.length - 1 - draw(good.length - 1));
  return { what: `unfinished, ${part.length} of ${bytes.length} bytes`, bytes: part, halfClose: draw(2) === 0 };
};
