/** What is offered after the words of a command line, and how bash's line becomes words. */
import { completeWords } from '#src/app/cli/completion/complete-words.js';
import { buildProgram } from '#src/app/cli/program.js';
import { shellWords } from '#src/app/cli/completion/shell-words.js';
import type { ProcessContext } from '#src/app/cli/process-context.js';

const program = buildProgram({ stdout: {}, stderr: {} } as unknown as ProcessContext, () => undefined);
const VALUES: Record<string, string[]> = { device: ['auto', 'cpu'], scheduler: ['DPM++ 2M Karras'], model: ['emoji'] };

const complete = async (line: string): Promise<[string, string[]]> => {
  const words = shellWords(line);
  const current = words.pop() ?? '';
  const { place, offered } = await completeWords(program, words, current, (name) =>
    Promise.resolve(VALUES[name] ?? null),
  );
  return [place, offered.map(({ value }) => value).filter((value) => value.startsWith(current))];
};

it.each<[string, string, string[]]>([
  ['ba', 'files', ['batch']],
  ['models ', 'none', ['list', 'pull', 'show', 'verify']],
  ['batch x --device ', 'none', ['auto', 'cpu']],
  ['batch x -d c', 'none', ['cpu']],
  ['batch x --device=c', 'none', ['--device=cpu']],
  ['cat.png --device c', 'none', ['cpu']],
  ['batch --scheduler DPM', 'none', ['DPM++ 2M Karras']],
  ['batch -m ', 'files', ['emoji']],
  ['batch -o ', 'folders', []],
  ['batch --limit ', 'none', []],
  ['batch x --batch-', 'none', ['--batch-size']],
  ['cat.png --batch-', 'none', []],
  ['batch ', 'files', []],
  ['batch --resume ', 'files', []],
  ['cat.png --precis', 'none', ['--precision']],
  ['--precis', 'none', ['--precision']],
  ['cat.png --overwrite --overwr', 'none', []],
  ['cat.png --lora a --lor', 'none', ['--lora', '--lora-dir']],
  ['batch --help ', 'none', ['all']],
  ['completion ', 'none', ['bash', 'zsh', 'fish']],
  ['-p "batch" --resum', 'none', []],
  ['batch -- --resum', 'files', []],
])('%s offers %s and %j', async (line, place, values) => {
  expect(await complete(line)).toEqual([place, values]);
});

it.each<[string, string[]]>([
  ['a b', ['a', 'b']],
  ['a  b ', ['a', 'b', '']],
  ['', ['']],
  ['-p "a cat" x', ['-p', 'a cat', 'x']],
  ['"DPM++ 2M Ka', ['DPM++ 2M Ka']],
  ['DPM++\\ 2M\\ Ka', ['DPM++ 2M Ka']],
  ['\'it\'\'s\' "\\"q\\" \\n"', ['its', '"q" \\n']],
  ['-n "" x', ['-n', '', 'x']],
  ['"$(rm x)"', ['$(rm x)']],
])('%j has the words %j', (line, words) => {
  expect(shellWords(line)).toEqual(words);
});
