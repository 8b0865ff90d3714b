/** A reader that has read enough (`| head -1`) ends no command with a stack, whichever stream it read. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath, platform } from 'node:process';
import { goodRow, model, workFolder, writeRows } from '../support/batch.js';
import { root } from '../support/golden.js';
import { skipWhere } from '../support/skip-where.js';

const folder = workFolder();
writeRows(join(folder, 'rows.jsonl'), [goodRow, { ...goodRow, image: 'none.png' }]);
writeFileSync(join(folder, 'request.json'), '{"input_data": {"columns": ["image"], "index": [0], "data": [["?"]]}}');

/** Runs a script in a shell, with `$CLI` and `$MODEL`. @returns what its commands said of themselves on descriptor 3, and what else came to standard error */
const inShell = (script: string): Promise<{ codes: number[]; stderr: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, CLI: `${execPath} ${join(root, 'bin/sdxl-refine.js')}`, MODEL: model };
    const shell = spawn('sh', ['-c', script], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
    const [stderr, codes] = [shell.stdio[2], shell.stdio[3]].map((stream) => {
      const chunks: Buffer[] = [];
      stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
      return chunks;
    });
    shell.on('close', () => {
      const text = (chunks: Buffer[] = []): string => Buffer.concat(chunks).toString();
      resolve({ codes: text(codes).trim().split(/\s+/).map(Number), stderr: text(stderr) });
    });
  });

/* The first has gone before anything is written, the second goes in the middle. */
const SINKS = ['| true', '2>&1 | head -1'];
const commands: { command: string; codes: number[] }[] = [
  { command: '--help', codes: [0] },
  { command: '--version', codes: [0] },
  { command: 'models list', codes: [0] },
  { command: 'models verify $MODEL', codes: [0, 130] },
  { command: 'batch rows.jsonl --print-config', codes: [0] },
  { command: 'batch rows.jsonl --model $MODEL --dry-run --json', codes: [1, 130] },
  { command: 'score request.json --model $MODEL', codes: [1, 3, 130] },
  { command: 'doctor --model $MODEL', codes: [0, 130] },
  { command: 'no-command', codes: [2] },
];

skipWhere(platform === 'win32' ? 'there is no shell with pipes to other programs' : null).describe(
  'a reader that goes away',
  () => {
    it.each(commands)('of $command', async ({ command, codes }) => {
      const script = SINKS.map((sink) => `($CLI ${command}; echo $? >&3) ${sink}`).join('\n');
      const run = await inShell(script);
      expect(run.codes).toHaveLength(SINKS.length);
      for (const code of run.codes) expect(codes).toContain(code);
      expect(run.stderr).not.toMatch(/^ +at |EPIPE|this is a bug/m);
    });
  },
);

skipWhere(platform === 'linux' ? null : 'there is no /dev/full').it('a full disk is said, not thrown', async () => {
  const run = await inShell('$CLI --help > /dev/full; echo $? >&3');
  expect(run.codes).toEqual([6]);
  expect(run.stderr).toMatch(/^sdxl-refine: Cannot write .*ENOSPC.*\[OUTPUT_UNWRITABLE\]\n$/);
});
