/** The recipes of deploy/ and their page: they parse, and every command, option and variable in them is one of this program. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { Command } from 'commander';
import { buildProgram } from '#src/app/cli/program.js';
import type { ProcessContext } from '#src/app/cli/process-context.js';
import { root } from '../support/golden.js';

const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const files = readdirSync(join(root, 'deploy'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(join(root).length))
  .sort();
const program = buildProgram({ stdout: {}, stderr: {}, env: {} } as unknown as ProcessContext, () => undefined);
const commandOf = (name: string): Command => {
  const command = program.commands.find((one) => one.name() === name);
  if (command === undefined) throw new Error(`no command ${name}`);
  return command;
};

/** Options of a command line that its command does not have. @param words begin with the command's name */
const unknownOptions = ([name = '', ...words]: readonly string[]): string[] => {
  const { options } = commandOf(name);
  const unknown: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const [flag = '', value] = (words[at] ?? '').split(/=(.*)/s);
    if (flag === '--') break;
    if (!/^--?[a-z]/.test(flag)) continue;
    const option = options.find(({ short, long }) => short === flag || long === flag);
    if (option === undefined) unknown.push(flag);
    else if (option.required && value === undefined) at++;
  }
  return unknown;
};

type Node = Record<string, unknown>;
const isWords = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 1 && value.every((word) => typeof word === 'string');
/** All lists of words in a document that are command lines of this program, and its variables. */
const walk = (node: unknown, lines: string[][], variables: Set<string>): void => {
  if (isWords(node)) {
    const start = node[0] === 'node' ? 2 : 0;
    if (program.commands.some((command) => command.name() === node[start])) lines.push(node.slice(start));
  }
  if (typeof node === 'string') {
    const [, line] = /sdxl-refine\.js (.*)/s.exec(node) ?? [];
    if (line !== undefined) lines.push(line.trim().split(/\s+/));
  }
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key.startsWith('SDXL_REFINE_')) variables.add(key);
    if (key === 'name' && typeof value === 'string' && value.startsWith('SDXL_REFINE_')) variables.add(value);
    if (key === 'SDXL_REFINE_ARGS' && typeof value === 'string') lines.push(['batch', ...value.split(/\s+/)]);
    walk(value, lines, variables);
  }
};
/** Lines of a shell that start this program, itself or by docker compose, without the shell's words. */
const START = /(?:^|[ $/])(?:"\$\{SDXL_REFINE:-sdxl-refine\}"|sdxl-refine|compose\.yaml run --rm) ([a-z].*)/gm;
const shellLines = (text: string): string[][] =>
  [...text.replaceAll(/\\\n\s*/g, ' ').matchAll(START)]
    .map(([, line = '']) => line.replace(/ (?:\|\||[|>#]).*/, '').split(/\s+/))
    .filter(([name]) => program.commands.some((command) => command.name() === name));

const documentsOf = (name: string): unknown[] =>
  name.endsWith('.json')
    ? [JSON.parse(read(name))]
    : parseAllDocuments(read(name), { merge: true }).map((document) => {
        expect([name, document.errors]).toEqual([name, []]);
        return document.toJS() as unknown;
      });
const found = (name: string): { lines: string[][]; variables: Set<string> } => {
  const lines: string[][] = [];
  const variables = new Set<string>();
  if (/\.(?:json|ya?ml)$/.test(name)) for (const document of documentsOf(name)) walk(document, lines, variables);
  else if (name.endsWith('Dockerfile')) {
    for (const [, words = ''] of read(name).matchAll(/^CMD (\[.*\])$/gm)) walk(JSON.parse(words), lines, variables);
  } else if (name.endsWith('.sh') || name.endsWith('.md')) lines.push(...shellLines(read(name)));
  return { lines, variables };
};

const VARIABLES = new Set([
  ...program.commands.flatMap(({ options }) =>
    options.map(({ long }) => `SDXL_REFINE_${(long ?? '').slice(2).toUpperCase().replaceAll('-', '_')}`),
  ),
  /* Of driver.py. */
  'SDXL_REFINE_ARGS',
]);
/** Files that start no command of ours. */
const SILENT = /redis\.yaml|endpoint\.yml|-deployment\.yml|submit-job\.json|driver\.py|(?:batch|queue)\.Dockerfile/;

it.each([...files, 'docs/deploy.md', 'docs/fleet.md'])('%s', (name) => {
  const { lines, variables } = found(name);
  expect(lines.length > 0).toBe(!SILENT.test(name));
  for (const line of lines) expect([line.join(' '), unknownOptions(line)]).toEqual([line.join(' '), []]);
  expect([...variables].filter((variable) => !VARIABLES.has(variable))).toEqual([]);
});

it('a command line that is wrong is found', () => {
  const lines: string[][] = [];
  const variables = new Set<string>();
  walk(parse('args: [batch, m.jsonl, --shards=auto]\nenv: {SDXL_REFINE_SHARDS: 8}'), lines, variables);
  expect(lines.flatMap(unknownOptions)).toEqual(['--shards']);
  expect([...variables].every((variable) => VARIABLES.has(variable))).toBe(false);
  expect(
    shellLines('  srun "${SDXL_REFINE:-sdxl-refine}" merge --rows 3 --sort a || true').flatMap(unknownOptions),
  ).toEqual(['--sort']);
});

it('scripts are scripts of bash', () => {
  const scripts = files.filter((name) => name.endsWith('.sh'));
  expect(scripts.length).toBeGreaterThan(1);
  for (const script of scripts) {
    const { status, stderr, error } = spawnSync('bash', ['-n', join(root, script)], { encoding: 'utf8' });
    if (error === undefined) expect([script, status, stderr]).toEqual([script, 0, '']);
  }
});

it('numbers that a recipe has twice agree', () => {
  const job = parse(read('deploy/kubernetes/array.yaml')) as {
    spec: Node & { template: { spec: { containers: { args: string[] }[] } } };
  };
  const { completions, maxFailedIndexes, template } = job.spec;
  expect(template.spec.containers[0]?.args).toContain(`--shard=auto/${String(completions)}`);
  expect(maxFailedIndexes).toBe(completions);
  const workers = read('deploy/kubernetes/workers.yaml');
  const name = commandOf('work').options.find(({ long }) => long === '--queue-name')?.defaultValue as string;
  expect(workers).toContain(`listName: bull:${name}:wait`);
});
