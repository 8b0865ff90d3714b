/** The page of `serve` in a real browser: a person with one picture. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { picture } from '../support/batch.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { waitFor } from '../support/processes.js';
import { squarePng, startListening, startServe, stopServe, type Serving } from '../support/serve.js';

const KEY = 'a key of a test';

describeInBrowser('the page', () => {
  let server: Serving;
  let browser: Browser;
  let tab: Page;
  const said: string[] = [];
  const requested: string[] = [];
  /** The page's own words: tests are compiled without the browser's types. */
  const ask = (expression: string): Promise<unknown> => tab.evaluate(expression);
  const text = (id: string): Promise<string> => tab.locator(`#${id}`).innerText();
  /** The page's policy lets nobody evaluate text in it, so waiting is done from here. */
  const until = (expression: string): Promise<boolean> =>
    waitFor(expression, async () => (await ask(expression)) === true);
  const settled = (words: string): Promise<boolean> =>
    until(`document.getElementById('status').textContent.startsWith(${JSON.stringify(words)})`);

  beforeAll(async () => {
    server = await startServe([], { env: { ...process.env, SDXL_REFINE_KEY: KEY } });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await stopServe(server);
  });
  beforeEach(async () => {
    [said.length, requested.length] = [0, 0];
    tab = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    tab.on('console', (message) => said.push(message.text()));
    tab.on('pageerror', (error) => said.push(error.message));
    tab.on('request', (request) => requested.push(request.url()));
    await tab.goto(server.url);
  });
  afterEach(async () => {
    await tab.close();
    expect(said).toEqual([]);
    expect(requested.filter((url) => !url.startsWith(server.url) && !/^(data|blob):/.test(url))).toEqual([]);
  });

  const fill = async (steps: number, { image = 'square-64', strength = 0.5 } = {}): Promise<void> => {
    await tab.locator('#file').setInputFiles(picture(image));
    await tab.getByLabel('What the picture shows').fill('a tiny picture');
    await tab.getByText('More').click();
    await tab.getByLabel('Steps of the whole schedule').fill(String(steps));
    await tab.getByLabel('Seed').fill('1');
    await tab.getByLabel('How much it may change').fill(String(strength));
    await ask(`document.getElementById('key-row').hidden = false`);
    await tab.getByLabel('Key of this server').fill(KEY);
  };

  it('refines a picture, shows before and after, and keeps the file', async () => {
    await fill(4);
    expect(await text('strength-value')).toBe('0.5');
    await tab.getByRole('button', { name: 'Refine', exact: true }).click();
    await settled('Done');
    await until(`document.getElementById('after').naturalWidth === 64`);
    const download = tab.waitForEvent('download');
    await tab.getByRole('link', { name: 'Save' }).click();
    const saved = await (await download).path();
    const { data } = await sharp(readFileSync(saved)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const shown = (await ask(`(() => {
      const canvas = new OffscreenCanvas(64, 64).getContext('2d');
      canvas.drawImage(after, 0, 0);
      return [...canvas.getImageData(0, 0, 64, 64).data].filter((_, index) => index % 4 !== 3);
    })()`)) as number[];
    expect(Buffer.from(shown).equals(data)).toBe(true);
    expect((await download).suggestedFilename()).toBe('refined.png');
  });

  it('moves the line between before and after by keyboard', async () => {
    await fill(2);
    await tab.getByRole('button', { name: 'Refine', exact: true }).click();
    await settled('Done');
    const slider = tab.getByRole('slider', { name: 'How much of the picture is before' });
    await slider.focus();
    for (let times = 0; times < 10; times++) await tab.keyboard.press('ArrowRight');
    expect(await ask(`document.getElementById('before').style.clipPath`)).toBe('inset(0px 40% 0px 0px)');
    await tab.getByRole('button', { name: 'Refine the result' }).click();
    expect(await ask(`document.getElementById('source').src`)).toMatch(/^data:image\/png;base64,/);
  });

  it('shows steps on the way, and stops', async () => {
    /* Far more steps than it takes to see some of them. */
    await fill(1000, { image: 'square-256', strength: 1 });
    await tab.getByRole('button', { name: 'Refine', exact: true }).click();
    await settled('Step ');
    await until(`document.getElementById('progress').value > 2`);
    expect(await ask(`document.getElementById('after').src.startsWith('data:image/jpeg')`)).toBe(true);
    await tab.getByRole('button', { name: 'Stop' }).click();
    await settled('Stopped');
    expect(await tab.getByRole('button', { name: 'Refine', exact: true }).isEnabled()).toBe(true);
  });

  it('asks for the key where it is missing, and says what is wrong', async () => {
    await fill(2);
    await tab.getByLabel('Key of this server').fill('wrong');
    await ask(`document.getElementById('key-row').hidden = true`);
    await tab.getByRole('button', { name: 'Refine', exact: true }).click();
    await until(`document.getElementById('error').textContent !== ''`);
    expect(await text('error')).toMatch(/^Expected the key of this server/);
    expect(await tab.getByLabel('Key of this server').isVisible()).toBe(true);
    /* The browser's own note of the 401. */
    expect(said.splice(0)).toEqual([expect.stringContaining('401')]);
    await tab.getByLabel('Key of this server').fill(KEY);
    await tab.getByLabel('Steps of the whole schedule').fill('1');
    await tab.getByRole('button', { name: 'Refine', exact: true }).click();
    await until(`document.getElementById('error').textContent.includes('raise steps')`);
    said.length = 0;
  });

  it('names the file that it could not read', async () => {
    await fill(2);
    await tab
      .locator('#file')
      .setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('words') });
    await until(`document.getElementById('error').textContent.startsWith('This browser cannot show notes.txt.')`);
    expect(await tab.locator('#source').isVisible()).toBe(false);
    await tab.getByRole('button', { name: 'Refine', exact: true }).click();
    await until(
      `document.getElementById('error').textContent.startsWith('notes.txt is damaged, truncated, or not a PNG')`,
    );
    /* The browser's own note of the 400. */
    expect(said.splice(0)).toEqual([expect.stringContaining('400')]);
    await tab.locator('#file').setInputFiles(picture('square-64'));
    await until(`document.getElementById('source').naturalWidth === 64`);
    expect(await text('error')).toBe('');
  });

  it('takes a picture that is dropped', async () => {
    const base64 = readFileSync(picture('square-64')).toString('base64');
    await ask(`(() => {
      const bytes = Uint8Array.from(atob('${base64}'), (character) => character.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], 'cat.png', { type: 'image/png' }));
      document.getElementById('drop').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    })()`);
    await until(`document.getElementById('source').naturalWidth === 64`);
    expect(await text('hint')).toBe('Drop, paste or choose another picture');
  });

  it('runs nothing that is not its own', async () => {
    const refused = await ask(`new Promise((resolve) => {
      addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
      const script = document.createElement('script');
      try { script.textContent = 'document.title = "owned"'; } catch { return resolve('trusted types'); }
      document.body.append(script);
    })`);
    expect(['trusted types', 'script-src-elem', 'require-trusted-types-for']).toContain(refused);
    expect(await tab.title()).toBe('sdxl-refine');
    said.length = 0;
  });

  it('fits a phone, and names every control', async () => {
    await tab.setViewportSize({ width: 390, height: 844 });
    expect(await ask('document.documentElement.scrollWidth')).toBe(390);
    const nameless = await ask(`[...document.querySelectorAll('button, input, textarea')].filter((control) =>
      !(control.getAttribute('aria-label') || control.textContent.trim() || control.labels?.length)).map((control) => control.id)`);
    expect(nameless).toEqual([]);
  });

  it('begins with what the server and its model want, and says that the demo model is one', async () => {
    await until(`document.getElementById('strength').value === '0.3'`);
    expect(await tab.locator('#note').isVisible()).toBe(false);
    const demo = await startListening(['--steps', '40', '--negative-prompt', 'a "b"'], { model: null });
    try {
      requested.length = 0;
      await tab.goto(demo.url);
      const values = `['strength', 'steps', 'guidance-scale', 'negative-prompt'].map((id) => document.getElementById(id).value)`;
      expect(await ask(values)).toEqual(['0.3', '40', '1', '']);
      expect(await text('strength-value')).toBe('0.3');
      expect(await ask(`document.getElementById('form').checkValidity()`)).toBe(false);
      await tab.getByLabel('What the picture shows').fill('a clock');
      expect(await ask(`document.getElementById('form').checkValidity()`)).toBe(true);
      expect(await text('note')).toMatch(
        /^No --model is given, so the bundled demo model runs\.[^]*models pull [^]*Then add --model stabilityai/,
      );
      await tab.locator('#file').setInputFiles(picture('square-64'));
      await tab.getByText('More').click();
      await tab.getByLabel('Steps of the whole schedule').fill('20');
      await tab.getByRole('button', { name: 'Refine', exact: true }).click();
      await settled('Done');
      await tab.getByLabel('How much it may change').press('ArrowRight');
      expect(await text('strength-value')).toBe('0.31');
      expect(requested.splice(0).filter((url) => !url.startsWith(demo.url) && !/^(data|blob):/.test(url))).toEqual([]);
    } finally {
      await stopServe(demo);
    }
  });

  it('is done when the answer has come to its end, not before', async () => {
    let answer: ServerResponse | undefined;
    const proxy = createServer((asked, reply) => {
      if (asked.method === 'POST') {
        reply.writeHead(200, { 'content-type': 'text/event-stream' });
        reply.write(`event: result\ndata: ${JSON.stringify([{ generated_image: squarePng }])}\n\n`);
        answer = reply;
        return;
      }
      const { accept = '' } = asked.headers;
      void fetch(`${server.url}${asked.url ?? ''}`, { headers: { accept } }).then(async ({ status, headers, body }) => {
        reply.writeHead(status, { 'content-type': headers.get('content-type') ?? '' });
        for await (const bytes of body ?? []) reply.write(bytes);
        reply.end();
      });
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    try {
      await tab.goto(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}/`);
      await fill(2);
      await tab.getByRole('button', { name: 'Refine', exact: true }).click();
      await waitFor('the result', () => answer !== undefined);
      await sleep(300);
      expect(await text('status')).toBe('Waiting for the server');
      answer?.end();
      await settled('Done');
      await until(`document.getElementById('after').naturalWidth === 64`);
    } finally {
      await tab.close();
      proxy.close();
      requested.length = 0;
    }
  });

  it('has a page for programs, which describes the endpoint and tries it', async () => {
    await tab.getByRole('link', { name: 'For programs' }).click();
    await until(`document.querySelectorAll('#settings dt').length > 15`);
    expect(await tab.locator('#settings').isVisible()).toBe(false);
    await tab.getByText('Settings of a row').click();
    expect(await tab.locator('#settings').innerText()).toContain('negative_prompt');
    expect(await tab.locator('#statuses').innerText()).toContain('429');
    await tab.getByLabel('Key, if the server has one').fill(KEY);
    await tab.getByRole('button', { name: 'Send' }).click();
    await settled('200');
    expect(await text('answer')).toMatch(
      /^\[\{"prompt":"a cat in the snow","generated_image":"iVBOR.{35}… \(\d+ characters\)","nsfw_content_detected":null\}\]$/,
    );
    await until(`document.querySelector('#pictures img').naturalWidth === 8`);
    expect(await text('pictures')).toBe('a cat in the snow');
    await tab.getByLabel('Accept', { exact: true }).fill('text/event-stream');
    await tab.getByRole('button', { name: 'Send' }).click();
    await until(`document.getElementById('answer').textContent.includes('event: result')`);
    await until(`document.querySelector('#pictures img').naturalWidth === 8`);
    await tab.getByLabel('Request').fill('{"input_data": [],}');
    await tab.getByRole('button', { name: 'Send' }).click();
    await settled('400');
    expect(await text('answer')).toContain('trailing comma at column 18');
    expect(await ask(`document.querySelectorAll('#pictures img').length`)).toBe(0);
    /* The browser's own note of the 400. */
    expect(said.splice(0)).toEqual([expect.stringContaining('400')]);
  });
});
