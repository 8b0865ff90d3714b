/** The keys of the page that `sdxl-refine compare` writes, in a real browser. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { model, picture, quick, workFolder, writeRows } from '../support/batch.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { runCli } from '../support/run-cli.js';

const folder = workFolder();

describeInBrowser('keys of the page', () => {
  let browser: Browser;
  let tab: Page;
  const ask = (expression: string): Promise<unknown> => tab.evaluate(expression);
  const frameWidth = (): Promise<unknown> => ask(`document.getElementById('frame').offsetWidth`);
  const text = (id: string): Promise<string> => tab.locator(`#${id}`).innerText();
  const value = (): Promise<number> => tab.locator('#position').inputValue().then(Number);

  beforeAll(async () => {
    const rows = ['one', 'two', 'three', 'four'].map((id) => ({
      ...quick,
      id,
      image: picture('square-128'),
      output: id,
    }));
    writeRows(join(folder, 'm.jsonl'), rows);
    const args = ['batch', 'm.jsonl', '--model', model, '--output-dir', 'out', '--quiet'];
    expect((await runCli(args, { cwd: folder })).code).toBe(0);
    expect((await runCli(['compare', 'out', '--quiet'], { cwd: folder })).code).toBe(0);
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    tab = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    await tab.goto(pathToFileURL(join(folder, 'out/compare.html')).href);
    await tab.waitForFunction(`document.getElementById('after').naturalWidth === 128`);
  });
  afterEach(() => tab.close());

  it('goes by j and k, by arrows, and to both ends', async () => {
    const seen: string[] = [];
    for (const key of ['j', 'ArrowDown', 'k', 'ArrowUp', 'End', 'j', 'Home', 'k']) {
      await tab.keyboard.press(key);
      seen.push(await text('name'));
    }
    const [first, second, third, last] = ['one', 'two', 'three', 'four'];
    expect(seen).toEqual([second, third, second, first, last, last, first, first]);
    /* On the slider they are the slider's, and in the filter letters are words. */
    await tab.locator('#position').focus();
    await tab.keyboard.press('End');
    expect([await value(), await text('name')]).toEqual([100, first]);
    await tab.locator('#filter').fill('four');
    await tab.locator('#filter').press('j');
    expect([await tab.locator('#filter').inputValue(), await text('name')]).toEqual(['fourj', first]);
    await tab.keyboard.press('Escape');
    await tab.locator('#filter').fill('four');
    await tab.keyboard.press('Escape');
    await tab.locator('#filter').fill('four');
    await tab.locator('#filter').blur();
    await tab.keyboard.press('Home');
    expect(await text('name')).toBe(last);
  });

  it('Escape goes one level back: out of the overview, then out of the zoom', async () => {
    const fitting = await frameWidth();
    await tab.keyboard.press('8');
    await tab.keyboard.press('g');
    await tab.keyboard.press('End');
    expect(await tab.locator('#viewer').isVisible()).toBe(false);
    await tab.keyboard.press('Escape');
    expect(await tab.locator('#viewer').isVisible()).toBe(true);
    expect(await text('name')).toBe('four');
    await tab.keyboard.press('Home');
    expect(await frameWidth()).toBe(128 * 8);
    await tab.keyboard.press('Escape');
    expect(await frameWidth()).toBe(fitting);
  });

  it('in the overview, ↓ goes by a line and Enter opens', async () => {
    await tab.setViewportSize({ width: 500, height: 860 });
    await tab.keyboard.press('g');
    const columns = Number(
      await ask(`(() => {
        const tops = [...document.querySelectorAll('.tile')].map((tile) => Math.round(tile.getBoundingClientRect().top));
        return tops.filter((top) => top === tops[0]).length;
      })()`),
    );
    expect(columns).toBeGreaterThan(0);
    expect(columns).toBeLessThan(4);
    await tab.keyboard.press('ArrowDown');
    await tab.keyboard.press('Enter');
    expect(await tab.locator('#viewer').isVisible()).toBe(true);
    expect(tab.url()).toMatch(new RegExp(`#${1 + columns}$`));
  });
});
