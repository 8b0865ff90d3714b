/** Completion in the shells themselves, each where it is installed. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from '../support/golden.js';
import { workFolder } from '../support/batch.js';
import { skipWhere } from '../support/skip-where.js';

const folder = workFolder();
const bin = join(folder, 'bin');
mkdirSync(bin);
const command = join(bin, 'sdxl-refine');
writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin/sdxl-refine.js')}' "$@"\n`);
chmodSync(command, 0o755);
mkdirSync(join(folder, 'my folder'));
writeFileSync(join(folder, 'my cat.png'), '');
const env = {
  ...process.env,
  PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
  HF_HUB_CACHE: folder,
  HOME: folder,
};

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
const run = (program: string, args: readonly string[], input = ''): string => {
  const { stdout, stderr, status } = spawnSync(program, args, { cwd: folder, env, input, encoding: 'utf8' });
  return status === 0 ? stdout : `${stdout}${stderr}`;
};
const inShell = (shell: string): jest.It => skipWhere(has(shell) ? null : `${shell} is not installed`).it;

/** Lines as they stand when Tab is pressed, and what the shell has then. */
const CASES: readonly (readonly [line: string, expected: string])[] = [
  ['sdxl-refine ba', 'batch'],
  ['sdxl-refine batch --device=cu', 'cuda'],
  ['sdxl-refine batch --scheduler "DPM++ 2M SDE Kar', 'DPM++ 2M SDE Karras'],
  ['sdxl-refine batch --scheduler DPM++\\ 2M\\ Kar', 'DPM++ 2M Karras'],
  ['sdxl-refine x.png -m emoji-r', 'emoji-refiner'],
  ['sdxl-refine x.png -p "$(touch hacked)" my\\ c', 'my cat.png'],
  ['sdxl-refine batch x -o my', 'my folder'],
];

inShell('bash')('bash completes commands, values and files, and runs nothing of the line', () => {
  const script = `
source <(sdxl-refine completion bash)
try() {
  COMP_LINE=$1 COMP_POINT=\${#1}
  local word=\${1##*[=]}
  [[ $1 == *'"'* ]] && word=\${1##*'"'} || { [[ $word == *[^\\\\]' '* ]] && word=$2; }
  _sdxl_refine sdxl-refine "$2"
  printf '%s\\n' "\${COMPREPLY[@]}"
}
`;
  /* What readline hands over as the word: after a quote or a split, and of a file's name the name itself. */
  const words = ['ba', 'cu', 'DPM++ 2M SDE Kar', 'DPM++\\ 2M\\ Kar', 'emoji-r', 'my c', 'my'];
  for (const [index, [line, expected]] of CASES.entries()) {
    const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
    expect(run('bash', ['--norc', '-c', `${script}try ${quoted(line)} ${quoted(words[index]!)}`])).toBe(
      `${expected}\n`,
    );
  }
  expect(existsSync(join(folder, 'hacked'))).toBe(false);
});

inShell('zsh')('zsh completes commands, values and files, and runs nothing of the line', () => {
  const script = `
zmodload zsh/zpty
zpty shell zsh -f -i
feed() { zpty -w shell "$1"; }
feed 'PS1=; autoload -U compinit; compinit -u -D; source <(sdxl-refine completion zsh)'
feed 'show() { print -r -- "<<$BUFFER>>"; BUFFER=; zle accept-line }; zle -N show; bindkey "^X" show; print ready'
zpty -r -m shell line '*ready*' 
while IFS= read -r typed; do
  zpty -w -n shell "$typed"$'\\t\\x18'
  zpty -r -m shell line '*<<*>>*'
  print -r -- "\${\${line##*<<}%%>>*}"
done
`;
  const out = run('zsh', ['-f', '-c', script], CASES.map(([line]) => `${line}\n`).join(''));
  const lines = out.split('\n').map((line) => line.trim());
  expect(lines.slice(0, CASES.length)).toEqual([
    'sdxl-refine batch',
    'sdxl-refine batch --device=cuda',
    'sdxl-refine batch --scheduler "DPM++ 2M SDE Karras"',
    'sdxl-refine batch --scheduler DPM++\\ 2M\\ Karras',
    'sdxl-refine x.png -m emoji-refiner',
    'sdxl-refine x.png -p "$(touch hacked)" my\\ cat.png',
    'sdxl-refine batch x -o my\\ folder/',
  ]);
  expect(existsSync(join(folder, 'hacked'))).toBe(false);
});

inShell('fish')('fish completes commands, values and files, and runs nothing of the line', () => {
  const script =
    'sdxl-refine completion fish | source\nwhile read -l line\n  complete -C "$line" | string split -f1 \\t\nend';
  const typed = CASES.filter(([line]) => !line.includes('$('));
  const out = run('fish', ['--no-config', '-c', script], typed.map(([line]) => `${line}\n`).join(''));
  for (const [, expected] of typed) expect(out).toContain(expected);
});
