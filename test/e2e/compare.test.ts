/** `sdxl-refine compare`, from the results of a real run to the page in a real browser. */
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { goldenData } from '../support/golden.js';
import { runCli, temporaryFolder } from '../support/run-cli.js';

const HOSTILE = `</script><img src=x onerror="document.title='owned'"><!-- <b>bold</b> & {{script}} $& \u2028`;
const ROWS = [
  { image: 'images/square-128.png', prompt: 'a red disc', id: 'first' },
  { image: 'images/tall-64x112.png', prompt: HOSTILE, negative_prompt: HOSTILE, note: HOSTILE, id: '<i>hostile</i>' },
  { image: 'images/wide-96x64.png', prompt: 'gone', output: 'gone.png' },
  { image: 'images/nowhere.png', prompt: 'never there', id: 'failing' },
];

const folder = temporaryFolder();
const results = join(folder, 'out/results.jsonl');
const page = join(folder, 'out/compare.html');
const sheet = join(folder, 'out/contact-sheet.png');

beforeAll(async () => {
  cpSync(goldenData('images'), join(folder, 'images'), { recursive: true });
  const rows = ROWS.map((row) => JSON.stringify({ ...row, steps: 2, strength: 0.5, seed: 1 }));
  writeFileSync(join(folder, 'm.jsonl'), rows.join('\n'));
  const model = goldenData('models/small-refiner');
  const batch = await runCli(['batch', 'm.jsonl', '--model', model, '--output-dir', 'out', '--quiet'], { cwd: folder });
  expect(batch.code).toBe(1);
  rmSync(join(folder, 'images/wide-96x64.png'));
});

describe('compare', () => {
  it('writes a page and a sheet, and prints their paths', async () => {
    const run = await runCli(['compare', results, '--inputs', folder]);
    expect(run.stderr).toBe(
      '4 rows: 3 ok, 1 failed\n2 without their input: the page says why; --inputs names the manifest’s folder\n',
    );
    expect(run.stdout).toBe(`${page}\n${sheet}\n`);
    expect(run.code).toBe(0);
    const { format, width } = await sharp(sheet).metadata();
    expect(format).toBe('png');
    expect(width).toBeLessThanOrEqual(1600);
  });

  it('prints one line of JSON when asked, and writes where it is told', async () => {
    const there = { page: join(folder, 'a/b.html'), sheet: join(folder, 'a/c.png'), rows: 2 };
    const args = ['--output', 'a/b.html', '--sheet', 'a/c.png', '--limit', '2', '--json', '--quiet', '--link'];
    // Without --inputs, paths begin at the working directory too.
    const run = await runCli(['compare', results, ...args], { cwd: folder });
    expect(run.stderr).toBe('');
    expect(JSON.parse(run.stdout)).toEqual(there);
    expect(existsSync(there.sheet)).toBe(true);
    expect(readFileSync(there.page, 'utf8')).toContain('"url":"../images/square-128.png"');
  });

  it('finds the results in a folder, and those of all shards as one run', async () => {
    const one = await runCli(['compare', join(folder, 'out'), '--inputs', folder, '--inputs', 'nowhere', '--json']);
    expect(one.stderr).toMatch(/^Note: there is no folder .*nowhere \(--inputs\)$/m);
    expect(JSON.parse(one.stdout)).toEqual({ page, sheet, rows: 4 });
    const parts = join(folder, 'parts');
    cpSync(join(folder, 'out'), parts, { recursive: true });
    const lines = readFileSync(results, 'utf8').trimEnd().split('\n');
    rmSync(join(parts, 'results.jsonl'));
    writeFileSync(join(parts, 'results-1-of-3.jsonl'), `${lines[2]}\n`);
    writeFileSync(join(parts, 'results-3-of-3.jsonl'), `${lines[0]}\n${lines[1]}\n`);
    const two = await runCli(['compare', parts, '--inputs', folder, '--json']);
    expect(JSON.parse(two.stdout)).toMatchObject({ rows: 3 });
    expect(two.stderr).toContain('Note: without results-2-of-3.jsonl');
    writeFileSync(join(parts, 'results-1-of-2.jsonl'), '');
    const mixed = await runCli(['compare', parts]);
    expect(mixed.code).toBe(3);
    expect(mixed.stderr).toContain('results of several sharded runs');
    expect((await runCli(['compare', join(folder, 'images')])).stderr).toContain('has no results.jsonl');
  });

  it.each([
    [3, ['nowhere.jsonl'], /No such file: .*MANIFEST_UNREADABLE/s],
    [2, [results, '--limit', '0'], /Expected --limit to be an integer from 1, got "0"/],
    [6, [results, '--output', join(results, 'page.html')], /OUTPUT_UNWRITABLE/],
  ])('ends with %i where it should', async (code, args, message) => {
    const run = await runCli(['compare', ...args], { cwd: folder });
    expect(run.code).toBe(code);
    expect(run.stderr).toMatch(message);
    expect(run.stdout).toBe('');
  });
});

describeInBrowser('the page in a browser', () => {
  let browser: Browser;
  let tab: Page;
  const said: string[] = [];
  const requested: string[] = [];

  /** The page's own words: tests are compiled without the browser's types. */
  const ask = (expression: string): Promise<unknown> => tab.evaluate(expression);
  const clip = (): Promise<unknown> => ask(`getComputedStyle(document.getElementById('before')).clipPath`);
  const frameWidth = (): Promise<unknown> => ask(`document.getElementById('frame').offsetWidth`);
  const text = (id: string): Promise<string> => tab.locator(`#${id}`).innerText();
  const value = (): Promise<number> => tab.locator('#position').inputValue().then(Number);

  beforeAll(async () => {
    await runCli(['compare', results, '--inputs', folder]);
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    [said.length, requested.length] = [0, 0];
    tab = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    tab.on('console', (message) => said.push(message.text()));
    tab.on('pageerror', (error) => said.push(error.message));
    tab.on('request', (request) => requested.push(request.url()));
    await tab.goto(pathToFileURL(page).href);
    await tab.waitForFunction(`document.getElementById('after').naturalWidth === 128`);
  });
  afterEach(async () => {
    await tab.close();
    expect(said).toEqual([]);
    expect(requested.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(page).href]);
  });

  it('shows prompt, settings and both pictures of the first row', async () => {
    expect(await text('name')).toBe('first');
    expect(await text('prompt')).toBe('a red disc');
    expect((await text('row-details')).replace(/\s+/g, ' ')).toContain('strength 0.5 steps 1 of 2 guidance 5 seed 1');
    expect(await tab.locator('#before').getAttribute('alt')).toBe('Before: first');
    expect(await ask(`[before, after].map((image) => image.naturalWidth)`)).toEqual([128, 128]);
  });

  it('shows the input as it is, pixel for pixel', async () => {
    const { data } = await sharp(goldenData('images/square-128.png'))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const shown = (await ask(`(() => {
      const canvas = new OffscreenCanvas(128, 128).getContext('2d');
      canvas.drawImage(before, 0, 0);
      return [...canvas.getImageData(0, 0, 128, 128).data].filter((_, index) => index % 4 !== 3);
    })()`)) as number[];
    expect(Buffer.from(shown).equals(data)).toBe(true);
    expect(await ask(`getComputedStyle(before).imageRendering`)).toBe('pixelated');
  });

  it('moves the line with the mouse, and with arrows on the slider', async () => {
    expect(await clip()).toBe('inset(0px calc(100% - 256px) 0px 0px)');
    const box = (await tab.locator('#frame').boundingBox())!;
    await tab.mouse.move(box.x + box.width * 0.5, box.y + 50);
    await tab.mouse.down();
    await tab.mouse.move(box.x + box.width * 0.25, box.y + 60, { steps: 4 });
    await tab.mouse.up();
    expect(await value()).toBeCloseTo(25, 0);
    expect(await clip()).toBe('inset(0px calc(100% - 128px) 0px 0px)');
    await tab.locator('#position').focus();
    await tab.keyboard.press('ArrowRight');
    expect(await value()).toBeCloseTo(25.5, 0);
    expect(await text('name')).toBe('first');
  });

  it('goes to the next and the previous row by key, and stops at both ends', async () => {
    await tab.keyboard.press('ArrowLeft');
    expect(await text('name')).toBe('first');
    await tab.keyboard.press('ArrowRight');
    expect(await text('name')).toBe('<i>hostile</i>');
    expect(tab.url()).toMatch(/#2$/);
    for (let times = 0; times < 5; times++) await tab.keyboard.press('ArrowRight');
    expect(await text('name')).toBe('failing');
  });

  it('shows the input alone while Space is held, even after a button was clicked', async () => {
    await tab.locator('[data-zoom="1"]').click();
    await tab.keyboard.down(' ');
    expect(await clip()).toBe('inset(0px calc(100% - 128px) 0px 0px)');
    await tab.keyboard.up(' ');
    expect(await clip()).toBe('inset(0px calc(100% - 64px) 0px 0px)');
  });

  it('zooms by key, and drags a picture that is larger than its place', async () => {
    const fitting = Number(await frameWidth());
    expect(fitting % 128).toBe(0);
    for (const key of ['1', '2', '4', '8']) {
      await tab.keyboard.press(key);
      expect(await frameWidth()).toBe(128 * Number(key));
    }
    const at = (await tab.locator('#stage').boundingBox())!;
    const scroll = Number(await ask('stage.scrollTop'));
    await tab.mouse.move(at.x + 100, at.y + 100);
    await tab.mouse.down();
    await tab.mouse.move(at.x + 100, at.y + 60, { steps: 4 });
    await tab.mouse.up();
    expect(await ask('stage.scrollTop')).toBe(scroll + 40);
    expect(await value()).toBe(50);
    await tab.keyboard.press('0');
    expect(await frameWidth()).toBe(fitting);
    await tab.keyboard.press('1');
    await tab.keyboard.press('+');
    expect(await frameWidth()).toBe(256);
  });

  it('takes a hostile row for text', async () => {
    await tab.keyboard.press('ArrowRight');
    expect(await ask(`document.getElementById('prompt').textContent`)).toBe(HOSTILE);
    expect(await ask(`document.getElementById('negative-prompt').textContent`)).toBe(HOSTILE);
    expect(await ask(`document.querySelectorAll('[onerror], #viewer b, #viewer i').length`)).toBe(0);
    expect(await tab.title()).toBe('out: before and after');
    // Were a row to become markup after all, the policy would still keep it from running.
    const ran = await ask(`new Promise((resolve) => {
      addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
      const script = document.createElement('script');
      try { script.textContent = 'document.title = "owned"'; } catch { return resolve('trusted types'); }
      document.body.append(script);
    })`);
    expect(['trusted types', 'script-src-elem']).toContain(ran);
    expect(await tab.title()).toBe('out: before and after');
    said.length = 0;
  });

  it('shows an output whose input is gone, and a failed row with its error', async () => {
    await tab.locator('.tile').nth(2).click();
    expect(await text('notes')).toBe('images/wide-96x64.png was not found. --inputs names the manifest’s folder.');
    expect(await tab.locator('#after').isVisible()).toBe(true);
    expect(await tab.locator('#before').isVisible()).toBe(false);
    await tab.keyboard.press('ArrowRight');
    expect(await text('error')).toMatch(/^IMAGE_NOT_FOUND: There is no picture at/);
    expect(await text('nothing')).toBe('No picture to show');
  });

  it('filters by words and by status; keys keep to what is shown', async () => {
    await tab.keyboard.press('/');
    await tab.keyboard.type('Red DISC');
    expect(await tab.locator('.tile:visible').count()).toBe(1);
    expect(await text('count')).toBe('1 of 4');
    await tab.locator('#filter').fill('');
    await tab.getByRole('button', { name: '1 failed' }).click();
    expect(await tab.locator('.tile:visible').count()).toBe(1);
    await tab.keyboard.press('ArrowRight');
    expect(await text('name')).toBe('failing');
  });

  it('opens the overview and the help, and closes them', async () => {
    await tab.keyboard.press('g');
    expect(await tab.locator('#viewer').isVisible()).toBe(false);
    await tab.locator('.tile').nth(1).click();
    expect(await tab.locator('#viewer').isVisible()).toBe(true);
    expect(await text('name')).toBe('<i>hostile</i>');
    await tab.keyboard.press('?');
    expect(await tab.locator('#help').isVisible()).toBe(true);
    await tab.keyboard.press('Escape');
    expect(await tab.locator('#help').isVisible()).toBe(false);
  });

  it('fits a phone, and the line follows a finger', async () => {
    const phone = await browser.newPage({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await phone.goto(pathToFileURL(page).href);
    expect(await phone.evaluate('document.documentElement.scrollWidth')).toBe(390);
    const box = (await phone.locator('#frame').boundingBox())!;
    await phone.touchscreen.tap(box.x + box.width * 0.75, box.y + 20);
    expect(Number(await phone.locator('#position').inputValue())).toBeCloseTo(75, 0);
    await phone.close();
  });

  it('names every control for those who do not see it', async () => {
    const nameless = await ask(`[...document.querySelectorAll('button, input')].filter((control) =>
      !(control.getAttribute('aria-label') || control.textContent.trim())).map((control) => control.outerHTML)`);
    expect(nameless).toEqual([]);
    expect(await tab.getByRole('slider', { name: 'How much of the picture shows the input' }).count()).toBe(1);
  });
});
