import sharp from 'sharp';
import type { RefineError } from '#src/errors.js';
import { authorizeByKey, type Authorize } from '#src/run/safety/azure-identity.js';
import { AZURE_SCALE, azureScreener } from '#src/run/safety/azure-screener.js';
import { parseBlockAt } from '#src/run/safety/block-at.js';
import type { Screener } from '#src/run/safety/screener.js';
import { FAKE_KEY, startContentSafety, type FakeContentSafety } from '../../../support/fake-content-safety.js';

let fake: FakeContentSafety;
beforeEach(async () => {
  fake = await startContentSafety();
});
afterEach(() => {
  fake.close();
});

const { signal } = new AbortController();

interface Wish {
  blockAt?: string;
  blocklists?: string[];
  authorize?: Authorize;
  path?: string;
  timeoutMs?: number;
}

const screener = ({
  blockAt = '2',
  blocklists = [],
  authorize = authorizeByKey(FAKE_KEY),
  path = '',
  timeoutMs = 5000,
}: Wish = {}): Screener =>
  azureScreener({
    endpoint: new URL(fake.url + path),
    authorize,
    blockAt: parseBlockAt(blockAt, AZURE_SCALE),
    blocklists,
    retry: { firstPauseMs: 1, timeoutMs },
  });

const text = (words: string, wish?: Wish) => screener(wish).screenText!(words, signal);
const failure = (promise: Promise<unknown>): Promise<Pick<RefineError, 'code' | 'message'>> =>
  promise.then(
    () => ({ code: 'INTERNAL', message: 'it did not fail' }),
    (thrown: unknown) => {
      const { code, message } = thrown as RefineError;
      return { code, message };
    },
  );

const plain = (background: string, width = 64, height = 64): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();

describe('a text', () => {
  it('is blocked from the severity on that was asked for, by category', async () => {
    expect(await text('a grim castle')).toEqual({
      isBlocked: true,
      categories: [
        { category: 'Hate', severity: 0 },
        { category: 'SelfHarm', severity: 0 },
        { category: 'Sexual', severity: 0 },
        { category: 'Violence', severity: 2 },
      ],
      blocklists: [],
    });
    expect((await text('a sunny castle')).isBlocked).toBe(false);
    expect((await text('a grim castle', { blockAt: '3' })).isBlocked).toBe(false);
    expect((await text('a gory castle', { blockAt: 'violence=5' })).isBlocked).toBe(false);
    expect((await text('a lewd castle', { blockAt: '6,Sexual=4' })).isBlocked).toBe(true);
  });

  it('is sent whole, in pieces that the service takes', async () => {
    const long = `${'🏰 '.repeat(12_000)}gory`;
    expect((await text(long)).isBlocked).toBe(true);
    expect(fake.count('text')).toBe(3);
  });

  it('without a visible character is not sent: the service refuses it', async () => {
    expect(await text(' \n')).toEqual({ isBlocked: false, categories: [], blocklists: [] });
    expect(fake.seen).toEqual([]);
  });

  it('is blocked by a blocklist, whether or not the analysis halts there', async () => {
    const found = await text('sauron', { blocklists: ['names'] });
    expect(found).toMatchObject({ isBlocked: true, blocklists: ['names'] });
    expect(found.categories).toHaveLength(4);
    fake.halts = true;
    expect(await text('sauron', { blocklists: ['names'] })).toEqual({
      isBlocked: true,
      categories: [],
      blocklists: ['names'],
    });
  });
});

describe('a picture', () => {
  it.each([
    [10, 10, 50, 50],
    [30, 60, 50, 100],
    [300, 200, 300, 200],
    [4096, 1024, 2048, 512],
    [4000, 20, 2048, 50],
  ])('of %i×%i goes as a JPEG of %i×%i', async (width, height, wide, high) => {
    expect((await screener().screenPicture(await plain('white', width, height), signal)).isBlocked).toBe(false);
    expect(fake.seen[0]!.picture).toMatchObject({ width: wide, height: high, format: 'jpeg' });
  });

  it('stays under the limit whatever is in it', async () => {
    const noise = await sharp({
      create: {
        width: 2048,
        height: 2048,
        channels: 3,
        background: 'grey',
        noise: { type: 'gaussian', mean: 128, sigma: 90 },
      },
    })
      .png()
      .toBuffer();
    await screener().screenPicture(noise, signal);
    expect(fake.seen[0]!.picture!.bytes).toBeLessThanOrEqual(3_000_000);
  });

  it('is looked at below its transparency: that is what the model is given', async () => {
    const hidden = await sharp({
      create: { width: 64, height: 64, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer();
    expect((await screener().screenPicture(hidden, signal)).isBlocked).toBe(true);
  });

  it('that cannot be read has no verdict', async () => {
    expect(await failure(screener().screenPicture(Buffer.from('GIF89a'), signal))).toMatchObject({
      code: 'IMAGE_UNDECODABLE',
    });
    expect(fake.seen).toEqual([]);
  });
});

describe('a service that is busy', () => {
  it.each([
    ['429', { status: 429 }],
    ['429 with Retry-After', { status: 429, headers: { 'retry-after': '0' } }],
    ['429 with a date', { status: 429, headers: { 'retry-after': new Date(0).toUTCString() } }],
    ['503 with retry-after-ms', { status: 503, headers: { 'retry-after-ms': '2' } }],
    ['408', { status: 408 }],
    ['500', { status: 500, body: '<html>' }],
    ['an answer that is too long', { status: 200, body: ' '.repeat(2 ** 21) }],
    ['a broken connection', 'drop' as const],
  ])('is asked again after %s', async (_, fault) => {
    fake.faults = [fault, fault];
    expect((await text('a gory castle')).isBlocked).toBe(true);
    expect(fake.faults).toEqual([]);
  });

  it('is asked again when nothing comes', async () => {
    fake.faults = ['hang'];
    expect((await text('a gory castle', { timeoutMs: 100 })).isBlocked).toBe(true);
  });

  it('is given the time it asks for', async () => {
    fake.faults = [{ status: 429, headers: { 'retry-after-ms': '300' } }];
    const start = performance.now();
    await text('a castle');
    expect(performance.now() - start).toBeGreaterThan(290);
  });

  it('is given up after five tries', async () => {
    fake.faults = Array.from({ length: 9 }, () => ({ status: 503 }));
    expect(await failure(text('a castle'))).toEqual({
      code: 'CONTENT_SAFETY_UNAVAILABLE',
      message: expect.stringContaining('HTTP 503; tried 5 times'),
    });
    expect(fake.faults).toHaveLength(4);
  });

  it('is not read to the end of an answer that has none', async () => {
    fake.faults = Array.from({ length: 5 }, () => ({ status: 200, body: ' '.repeat(2 ** 21) }));
    expect(await failure(text('a castle'))).toEqual({
      code: 'CONTENT_SAFETY_UNAVAILABLE',
      message: expect.stringContaining('an answer of more than 1048576 bytes; tried 5 times'),
    });
  });

  it('is given up at once when it asks for more than a minute', async () => {
    fake.faults = [{ status: 429, headers: { 'retry-after': '3600' } }];
    expect(await failure(text('a castle'))).toMatchObject({ code: 'CONTENT_SAFETY_UNAVAILABLE' });
  });

  it('is not waited for after a stop', async () => {
    fake.faults = [{ status: 429, headers: { 'retry-after': '30' } }];
    const stop = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => {
      stop.abort(reason);
    }, 50);
    await expect(screener().screenText!('a castle', stop.signal)).rejects.toBe(reason);
  });

  it('gets no more than eight questions at a time', async () => {
    fake.answersFrom = 8;
    const one = screener();
    await Promise.all(Array.from({ length: 30 }, () => one.screenText!('a castle', signal)));
    expect(fake.count('text')).toBe(30);
    expect(fake.mostAtATime).toBe(8);
  });
});

describe('an invalid answer', () => {
  it.each(['<html>', '[]', '{}', '{"categoriesAnalysis":[]}', '{"categoriesAnalysis":[{"severity":"high"}]}', ''])(
    'is no verdict: %s',
    async (body) => {
      fake.faults = [{ status: 200, body }];
      expect(await failure(text('a castle'))).toMatchObject({ code: 'CONTENT_SAFETY_UNAVAILABLE' });
    },
  );

  it('but a category without a severity was not found', async () => {
    fake.faults = [{ status: 200, body: '{"categoriesAnalysis":[{"category":"Hate"}]}' }];
    expect(await text('a castle')).toMatchObject({ isBlocked: false, categories: [{ category: 'Hate', severity: 0 }] });
  });
});

describe('what no other try would better', () => {
  it.each([
    [401, 'CONTENT_SAFETY_SETUP'],
    [403, 'CONTENT_SAFETY_SETUP'],
    [404, 'CONTENT_SAFETY_SETUP'],
    [307, 'CONTENT_SAFETY_SETUP'],
    [400, 'CONTENT_SAFETY_UNAVAILABLE'],
  ])('%i is told at once', async (status, code) => {
    fake.faults = [
      { status, headers: { location: `${fake.url}/elsewhere` }, body: '{"error":{"code":"X","message":"why"}}' },
    ];
    const { code: found, message } = await failure(text('a castle'));
    expect([found, message]).toEqual([code, expect.stringContaining(`HTTP ${status}, X: why`)]);
    expect(fake.seen).toEqual([]);
  });

  it('the key is in no message, even when the service repeats it', async () => {
    const { code, message } = await failure(text('a castle', { authorize: authorizeByKey('a-wrong-key-of-mine') }));
    expect(code).toBe('CONTENT_SAFETY_SETUP');
    expect(message).toContain('Given: …');
    expect(message).not.toContain('a-wrong-key-of-mine');
  });

  it('opening asks once, and tells a wrong blocklist, address or version', async () => {
    await screener().open(signal);
    expect(fake.count('text')).toBe(1);
    expect(await failure(screener({ blocklists: ['elves'] }).open(signal))).toMatchObject({
      code: 'CONTENT_SAFETY_SETUP',
    });
    expect(await failure(screener({ path: '/wrong' }).open(signal))).toMatchObject({ code: 'CONTENT_SAFETY_SETUP' });
    fake.faults = [{ status: 400 }];
    expect(await failure(screener().open(signal))).toMatchObject({ code: 'CONTENT_SAFETY_SETUP' });
  });
});
