/** What is said first of common slips. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { workFolder } from '../support/batch.js';
import { runCli } from '../support/run-cli.js';
import { onTerminal } from '../support/terminal.js';

const folder = workFolder();

it.each([
  [['batch', 'none.jsonl'], /^sdxl-refine: No such file: .*none\.jsonl\. Expected the input "none\.jsonl" to be/],
  [['batch', 'none'], /^sdxl-refine: No such file: /],
  [['compare', 'none'], /^sdxl-refine: No such file: .*none\. Expected the results\.jsonl of a run/],
])('%j: the file first', async (args, says) => {
  const { code, stderr } = await runCli(args, { cwd: folder });
  expect(code).toBe(3);
  expect(stderr).toMatch(says);
});

it.each([
  ['--output', '--output-dir'],
  ['--num-inference-steps', '--steps'],
  ['--num_inference_steps', '--steps'],
  ['--cfg-scale', '--guidance-scale'],
  ['--sampler', '--scheduler'],
  ['--error', '--error-threshold'],
])('%s: did you mean %s?', async (flag, near) => {
  const { code, stderr } = await runCli(['batch', 'm.jsonl', flag, 'x'], { cwd: folder });
  expect(code).toBe(2);
  expect(stderr).toBe(`sdxl-refine: Unknown option ${flag}: did you mean ${near}? [USAGE_OPTION_INVALID]\n`);
});

it('collect into a folder: before any result is read', async () => {
  const { code, stderr } = await runCli(['collect', '--store', 'none', '-o', '.', '--overwrite'], { cwd: folder });
  expect([code, stderr]).toEqual([6, expect.stringMatching(/found the folder .*\. Name a file in it\. \[OUTPUT_UNW/)]);
});

it('batch - on a terminal says what it waits for', async () => {
  mkdirSync(join(folder, 'there'));
  const args = ['batch', '-', '--no-config'];
  const { code, stderr } = await onTerminal(args, '', { cwd: join(folder, 'there') });
  expect(code).toBe(3);
  expect(stderr).toMatch(/^Reading JSON lines from the terminal; end with Ctrl-/m);
  expect((await onTerminal([...args, '--quiet'], '', { cwd: join(folder, 'there') })).stderr).not.toContain('Reading');
});
