import { requestReader } from '#src/app/server/requests/read-request.js';
import { iTXt, png, tEXt } from '../../../media/metadata/build-pictures.js';
import { readSourceMetadata } from '#src/run/batch/embed-metadata.js';
import { RequestThread } from '#src/app/server/requests/request-thread.js';
import { squarePng } from '../../../../support/serve.js';

const options = { rows: { options: { steps: 20 } }, loraFolder: null, limits: { maxRows: 2 } };
const bytesOf = (body: unknown): Uint8Array => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
const thread = new RequestThread(options);
afterAll(() => thread.close());

const good = {
  input_data: {
    data: [
      { image: squarePng, prompt: 'p' },
      { image: 'https://a.example/b.png', prompt: 'p' },
    ],
  },
};

it('reads a request as this thread does', async () => {
  const [here, there] = await Promise.all([requestReader(options)(bytesOf(good), 3), thread.read(bytesOf(good), 3)]);
  expect(there.map(({ row }) => row)).toEqual(here.map(({ row }) => row));
  expect(there.map(({ picture }) => picture && Buffer.from(picture).toString('base64'))).toEqual([squarePng, null]);
  expect(there[0]!.row).toMatchObject({ source: { kind: 'inline', text: '' }, settings: { seed: 3, steps: 20 } });
});

it.each([
  ['{"input_data": [],}', { code: 'REQUEST_INVALID', message: expect.stringContaining('trailing comma') }],
  [
    { input_data: { data: [{ image: squarePng, prompt: 'p', steps: 0 }] } },
    { code: 'ROW_FIELD_INVALID', context: { row: 0 } },
  ],
  [
    {
      input_data: {
        data: [
          { image: squarePng, prompt: 'p' },
          { image: 'not base64!', prompt: 'p' },
        ],
      },
    },
    { code: 'IMAGE_UNDECODABLE', context: { row: 1 } },
  ],
])('names the mistake in %j', async (body, error) => {
  await expect(thread.read(bytesOf(body), 0)).rejects.toMatchObject(error);
});

it('reads bodies that come together, each for whoever sent it', async () => {
  const seeds = Array.from({ length: 20 }, (_, seed) => seed);
  const read = await Promise.all(seeds.map((seed) => thread.read(bytesOf(good), seed)));
  expect(read.map(([first]) => first!.row.settings.seed)).toEqual(seeds);
});

it('comes back after its thread has ended', async () => {
  const own = new RequestThread(options);
  const lost = own.read(bytesOf(good), 1);
  await own.close();
  await expect(lost).rejects.toThrow('has ended');
  expect(await own.read(bytesOf(good), 1)).toHaveLength(2);
  await own.close();
});

it('finds the LoRAs of a folder that rows name, and those alone that fit', async () => {
  const loraFolder = {
    folder: '/loras',
    paths: ['sub/ink.safetensors', 'other.safetensors'],
    aliases: {},
    loras: [],
    leftOut: { other: 'it does not fit the model' },
  };
  const own = new RequestThread({ ...options, loraFolder });
  const naming = (name: string): Uint8Array =>
    bytesOf({ input_data: { data: [{ image: squarePng, prompt: 'p', lora_weights: { [name]: 0.5 } }] } });
  const [found] = await own.read(naming('ink'), 0);
  expect(found!.row.settings.loraWeights).toEqual({ ink: 0.5 });
  await expect(own.read(naming('other'), 0)).rejects.toThrow('it does not fit the model');
  await own.close();
});

it('reads metadata of pictures as it is read here, and keeps a megabyte of their texts', async () => {
  const large = 'x'.repeat(700_000);
  const picture = png([tEXt('title', 'a cat'), iTXt('one', large), iTXt('two', large), iTXt('three', 'small')]);
  const { kept, ...here } = readSourceMetadata(picture);
  expect(kept).toHaveLength(4);
  const there = await thread.readMetadata(picture);
  expect(there).toEqual({ ...here, kept: kept.slice(0, 2) });
  expect(await thread.readMetadata(Buffer.from('no picture'))).toEqual(readSourceMetadata(Buffer.from('no picture')));
});
