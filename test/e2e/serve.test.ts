/** The endpoint as its clients meet it: those written for Azure ML, a browser's, a watcher's. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { goodRow, model, picture, readPixels, runBatch, workFolder, writeRows } from '../support/batch.js';
import { waitFor } from '../support/processes.js';
import { runCli } from '../support/run-cli.js';
import {
  postScore,
  quickParams,
  quickRequest,
  readMetric,
  requestOf,
  squarePng,
  startServe,
  stopServe,
  type ErrorBody,
  type Serving,
} from '../support/serve.js';

const run = promisify(execFile);
const folder = workFolder();
const KEY = 'a key of a test';
let server: Serving;
const headers = { authorization: `Bearer ${KEY}` };

beforeAll(async () => {
  server = await startServe([], { env: { ...process.env, SDXL_REFINE_KEY: KEY } });
});
afterAll(() => stopServe(server));

interface Result {
  prompt: string;
  generated_image: string;
  nsfw_content_detected: boolean | null;
}

const decode = async ({ generated_image }: Result): Promise<Buffer> =>
  sharp(Buffer.from(generated_image, 'base64')).removeAlpha().raw().toBuffer();

const isThere = (command: string): Promise<boolean> =>
  run(command, ['--version']).then(
    () => true,
    () => false,
  );

/* The steps of Azure's published sample: a body as JSON bytes, a request with the key as bearer, the answer read whole. */
const PYTHON_CLIENT = `
import base64, json, sys, urllib.request
with open(sys.argv[1], "rb") as file:
    image = base64.encodebytes(file.read()).decode("utf-8")
data = {"input_data": {"columns": ["image", "prompt"], "index": [0],
                       "data": [{"image": image, "prompt": "a tiny picture"}]},
        "params": {"steps": 2, "strength": 0.5, "seed": 1}}
body = str.encode(json.dumps(data))
headers = {"Content-Type": "application/json", "Accept": "application/json", "Authorization": "Bearer " + sys.argv[3],
           "azureml-model-deployment": "blue"}
request = urllib.request.Request(sys.argv[2], body, headers)
try:
    print(urllib.request.urlopen(request).read().decode("utf-8"))
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode("utf8", "ignore"))
`;

describe('clients', () => {
  let expected: Buffer;
  beforeAll(async () => {
    const out = join(folder, 'batch');
    await runBatch([writeRows(join(folder, 'm.jsonl'), [goodRow]), '--output-dir', out]);
    expected = (await readPixels(join(out, 'square-64.png'))).data;
  });

  const expectAnswer = async (text: string): Promise<void> => {
    const results = JSON.parse(text) as Result[];
    expect(results).toEqual([
      { prompt: 'a tiny picture', generated_image: expect.any(String), nsfw_content_detected: null },
    ]);
    expect((await decode(results[0]!)).equals(expected)).toBe(true);
  };

  it('gets with fetch what batch writes', async () => {
    const response = await postScore(server.url, quickRequest, { headers });
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    await expectAnswer(await response.text());
  });

  it('runs Python’s client of Azure’s sample unchanged', async () => {
    if (!(await isThere('python3'))) {
      console.warn('Python’s client is not tested: no python3.');
      return;
    }
    const script = join(folder, 'client.py');
    writeFileSync(script, PYTHON_CLIENT);
    const ask = (key: string) => run('python3', [script, picture('square-64'), `${server.url}/score`, key]);
    await expectAnswer((await ask(KEY)).stdout);
    expect((await ask('wrong')).stdout).toMatch(/^401 \{"error":\{"code":"REQUEST_UNAUTHORIZED"/);
  });

  it('runs curl', async () => {
    if (!(await isThere('curl'))) {
      console.warn('curl is not tested: there is none.');
      return;
    }
    const file = join(folder, 'request.json');
    writeFileSync(file, JSON.stringify(quickRequest));
    const args = [
      '-sS',
      '-H',
      'Content-Type: application/json',
      '-H',
      `Authorization: Bearer ${KEY}`,
      '-d',
      `@${file}`,
    ];
    const { stdout } = await run('curl', [...args, `${server.url}/score`], { maxBuffer: 2 ** 24 });
    await expectAnswer(stdout);
  });

  it('are answered by score without a server, from a file and from standard input', async () => {
    const file = join(folder, 'request.json');
    writeFileSync(file, JSON.stringify(quickRequest));
    const fromFile = await runCli(['score', file, '--model', model]);
    expect(fromFile).toMatchObject({ code: 0, stderr: '' });
    await expectAnswer(fromFile.stdout);
    const fromInput = await runCli(['score', '-', '--model', model], { input: JSON.stringify(quickRequest) });
    await expectAnswer(fromInput.stdout);
  });
});

it.each([
  [3, 'REQUEST_INVALID', '{"input_data":'],
  [3, 'REQUEST_INVALID', '{}'],
  [3, 'trailing comma at line 2, column 20: JSON has none; remove it. [REQUEST_INVALID]', '{\n "input_data": [{}],\n}'],
  [1, 'ROW_FIELD_MISSING', JSON.stringify(requestOf([{ image: squarePng }]))],
  [1, 'IMAGE_UNDECODABLE', JSON.stringify(requestOf([{ image: 'cat.png', prompt: 'p' }]))],
  [1, 'URL_FORBIDDEN', JSON.stringify(requestOf([{ image: 'http://127.0.0.1:1/a.png', prompt: 'p' }]))],
])('score ends with %i and %s where it should', async (code, name, input) => {
  const ended = await runCli(['score', '-', '--model', model], { input });
  expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(name) });
});

it('score ends with 3 when there is no request, with 4 when there is no model', async () => {
  expect(await runCli(['score', 'nowhere.json'])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('nowhere.json'),
  });
  const input = JSON.stringify(quickRequest);
  expect(await runCli(['score', '-', '--model', 'nowhere'], { input })).toMatchObject({ code: 4, stdout: '' });
});

describe('requests', () => {
  const ask = async (body: unknown): Promise<Result[]> => {
    const response = await postScore(server.url, body, { headers });
    expect(response.status).toBe(200);
    return (await response.json()) as Result[];
  };

  it('may have rows as lists or objects, in columns or as records', async () => {
    const prompt = 'a tiny picture';
    const forms = [
      { columns: ['image', 'prompt'], index: [0], data: [[squarePng, prompt]] },
      { columns: ['image', 'prompt'], data: [{ image: squarePng, prompt }] },
      { data: [{ image: `data:image/png;base64,${squarePng}`, prompt }] },
      [{ image: squarePng, prompt }],
    ];
    const pictures = await Promise.all(
      forms.map(async (form) => decode((await ask({ input_data: form, params: quickParams }))[0]!)),
    );
    expect(pictures.every((pixels) => pixels.equals(pictures[0]!))).toBe(true);
  });

  it('take settings of the row over the row’s params over the request’s, and answer in order', async () => {
    const row = { image: squarePng, prompt: 'p' };
    const rows = [row, { ...row, params: { seed: 2 } }, { ...row, params: { seed: 3 }, seed: 2 }, { ...row, seed: 1 }];
    const [first, second, third, fourth] = await Promise.all((await ask(requestOf(rows))).map(decode));
    expect(first!.equals(fourth!)).toBe(true);
    expect(second!.equals(third!)).toBe(true);
    expect(first!.equals(second!)).toBe(false);
  });

  it('may ask for another format', async () => {
    const [result] = await ask(requestOf([{ image: squarePng, prompt: 'p', format: 'webp', quality: 70 }]));
    expect((await sharp(Buffer.from(result!.generated_image, 'base64')).metadata()).format).toBe('webp');
  });

  it('say which row is wrong', async () => {
    const good = { image: squarePng, prompt: 'p' };
    const response = await postScore(server.url, requestOf([good, { ...good, strength: 2 }]), { headers });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as ErrorBody;
    expect(error).toMatchObject({
      code: 'ROW_FIELD_INVALID',
      row: 1,
      message: expect.stringContaining('from 0 to 1, got 2'),
    });
  });

  it('may be answered as events: steps with previews, then the result', async () => {
    const body = requestOf([{ image: squarePng, prompt: 'p' }], { steps: 4, strength: 0.5, seed: 1 });
    const response = await postScore(server.url, body, { headers: { ...headers, accept: 'text/event-stream' } });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const events = (await response.text())
      .split('\n\n')
      .filter((block) => block.startsWith('event'))
      .map((block) => /^event: (\w+)\ndata: (.*)$/.exec(block)!.slice(1) as [string, string])
      .map(([name, data]) => [name, JSON.parse(data) as Record<string, unknown>] as const);
    expect(events.map(([name]) => name)).toEqual(['accepted', 'step', 'step', 'step', 'result']);
    expect(events.slice(1, 4).map(([, { step, steps }]) => [step, steps])).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
    ]);
    const preview = await sharp(Buffer.from(String(events[3]![1]['preview']).split(',')[1]!, 'base64')).metadata();
    expect(preview).toMatchObject({ format: 'jpeg', width: 8, height: 8 });
    const plain = await ask(body);
    expect((await decode((events[4]![1] as unknown as Result[])[0]!)).equals(await decode(plain[0]!))).toBe(true);
  });

  it('are told where a trailing comma is', async () => {
    const response = await postScore(server.url, '{"input_data": [\n  {"image": "x"},\n]}', { headers });
    expect(response.status).toBe(400);
    expect(((await response.json()) as ErrorBody).error.message).toContain(
      'trailing comma at line 2, column 17: JSON has none; remove it.',
    );
  });

  it('that are wrong get a plain error, whatever they accept', async () => {
    const response = await postScore(server.url, {}, { headers: { ...headers, accept: 'text/event-stream' } });
    expect(response.status).toBe(400);
    expect(((await response.json()) as ErrorBody).error.code).toBe('REQUEST_INVALID');
  });
});

describe('watchers', () => {
  it('learn that it lives and is ready without a key, and its metrics with one', async () => {
    const alive = await fetch(server.url);
    expect([alive.status, await alive.json()]).toEqual([200, { status: 'alive' }]);
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
    expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
    const text = await (await fetch(`${server.url}/metrics`, { headers: { 'api-key': KEY } })).text();
    expect(text).toMatch(/^sdxl_refine_pictures_total [1-9]/m);
    expect(text).toMatch(/^sdxl_refine_step_seconds_count [1-9]/m);
    expect(text).toMatch(/^sdxl_refine_failures_total\{code="ROW_FIELD_INVALID"\} 1$/m);
    expect(await readMetric(server.url, 'sdxl_refine_ready')).toBeNaN();
  });

  it('find a description, which names every status that they meet', async () => {
    const description = (await (await fetch(`${server.url}/swagger.json`)).json()) as {
      openapi: string;
      components: { schemas: { Params: { properties: Record<string, object> } } };
    };
    expect(description.openapi).toBe('3.1.0');
    const { properties } = description.components.schemas.Params;
    expect(properties['strength']).toMatchObject({ type: 'number', minimum: 0, maximum: 1, default: 0.3 });
    expect(Object.keys(properties)).not.toContain('latents');
  });

  it('find their request in the log, and no secret', async () => {
    for (const line of [/^POST \/score 200 \d+ ms$/m, /^POST \/score 401 \d+ ms REQUEST_UNAUTHORIZED$/m])
      await waitFor(String(line), () => line.test(server.log()));
    expect(server.log()).not.toContain(KEY);
  });
});

it('keeps the id that a client gives, and gives one of its own', async () => {
  const response = await postScore(server.url, quickRequest, {
    headers: { ...headers, 'x-ms-client-request-id': 'mine-1' },
  });
  expect(response.headers.get('x-ms-client-request-id')).toBe('mine-1');
  expect(response.headers.get('x-ms-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});
