/** No message repeats the secret of a URI: user and password, or the query, whatever argument or option it was typed as. */
import type { Command } from 'commander';
import type { ProcessContext } from '#src/app/cli/process-context.js';
import { buildProgram } from '#src/app/cli/program.js';
import { RefineError } from '#src/errors.js';
import { hideUriSecrets } from '#src/records/uri-secrets.js';
import { formatValue } from '#src/run/manifest/rows/format-value.js';
import { onTerminal } from '../support/terminal.js';

it.each([
  ['https://host.example/a.png', 'https://host.example/a.png'],
  ['https://u:pw@host.example:8080/a.png?sig=S#x', 'https://host.example:8080/a.png?…'],
  ['"/home/me/https:/u:pw@host/a.png?sig=S": no such file', '"/home/me/https:/host/a.png?…": no such file'],
  [String.raw`C:\me\https:\u:pw@host\a.png`, String.raw`C:\me\https:\host\a.png`],
  ['(https://host/a?sig=S). Look at http://[::1]:80/b?', '(https://host/a?…). Look at http://[::1]:80/b?'],
  ['s3://KEY:se/c?r#et@bucket/a.png', 's3://bucket/a.png'],
  ['https://u:a password that was cu', 'https://… password that was cu'],
  ['s3://bucket/cat-?.png', 's3://bucket/cat-?.png'],
  ['az://container/a.png?sv=1&sig=S', 'az://container/a.png?…'],
  ['redis://:pw@host:6379/0, postgres://u@host/db', 'redis://host:6379/0, postgres://host/db'],
  ['listening on http://127.0.0.1:5001.', 'listening on http://127.0.0.1:5001.'],
  ['a prompt: a cat? me@host', 'a prompt: a cat? me@host'],
  ['/data/run:/a@b/c:d', '/data/run:/a@b/c:d'],
  ['file:///home/me/a@b:1:2', 'file:///home/me/a@b:1:2'],
])('%s is shown as %s', (text, shown) => {
  expect(hideUriSecrets(text)).toBe(shown);
});

it('a value is cut after its secret is hidden', () => {
  expect(formatValue(`https://u:${'p'.repeat(200)}@host/a.png`)).toBe('"https://host/a.png"');
  expect(formatValue({ image: 'https://u:pw@host/a.png?sig=S' })).toBe('{"image":"https://host/a.png?…"}');
});

it('an error has no secret in its context either', () => {
  const { message, context } = new RefineError('USAGE_CONFLICT', 'got s3://k:pw@b/a', {
    context: { path: '/me/https:/u:pw@h/a', names: ['https://h/a?sig=S'] },
  });
  expect({ message, context }).toEqual({
    message: 'got s3://b/a',
    context: { path: '/me/https:/h/a', names: ['https://h/a?…'] },
  });
});

describe('the command line', () => {
  const URI = 'https://user:HUNTER2@host.invalid/x.png?sig=SIGNATURE';
  const KEY_IN_STORE = 's3://AKIA:HUNTER2@bucket/x.png?sig=SIGNATURE';

  const leavesOf = ({ commands }: Command): Command[] =>
    commands
      .filter((command) => !command.name().startsWith('_'))
      .flatMap((command) => (command.commands.length > 0 ? leavesOf(command) : [command]));
  const wordsOf = (command: Command): string[] =>
    command.parent === null ? [] : [...wordsOf(command.parent), command.name()];
  /** Commands that go on to work if an option is right, and an input with which they do not. */
  const INPUTS: Readonly<Record<string, string>> = {
    refine: 'none.png',
    batch: 'none.jsonl',
    generate: 'none.jsonl',
    score: 'none.json',
    merge: 'none.jsonl',
    enqueue: 'none.jsonl',
    compare: 'none',
  };
  /** They need no picture to go on to work, which takes long; their other options are those of `score` and `batch`. */
  const ONLY: Readonly<Record<string, readonly string[]>> = {
    serve: ['--host', '--port', '--key-file', '--tls-cert', '--tls-key', '--timeout'],
    doctor: ['--output-dir'],
  };

  /** An option that several commands have is read by the same code. */
  const seen = new Set<string>();
  const lines: string[][] = leavesOf(
    buildProgram({ words: [], stdout: {}, stderr: { write: () => undefined } } as unknown as ProcessContext, () => 0),
  ).flatMap((command) => {
    const words = wordsOf(command);
    const [name = ''] = words;
    const options = command.options.filter(({ required, optional, flags }) => {
      const isKnown = seen.has(flags) || !(required || optional);
      return !isKnown && (ONLY[name]?.includes(flags.split(' ')[0] ?? '') ?? true) && seen.add(flags);
    });
    const input = INPUTS[name] === undefined ? [] : [INPUTS[name]];
    return [
      ...(ONLY[name] === undefined
        ? [
            [...words, URI],
            [...words, KEY_IN_STORE, URI],
          ]
        : []),
      [...words, `--recursive`, URI, `--xyzzy=${URI}`],
      ...options.flatMap(({ flags, long }) =>
        (/folder|file|uri/.test(flags) ? [URI, KEY_IN_STORE] : [URI]).map((uri) => [
          ...words,
          ...input,
          long ?? '',
          uri,
        ]),
      ),
    ];
  });

  it.each([
    ['batch', URI],
    ['generate', URI],
    ['merge', URI],
    ['compare', URI],
    ['batch', 'none.jsonl', '--lora', `${URI}:0.5`],
    ['batch', 'none.jsonl', '--lora-dir', KEY_IN_STORE],
    ['batch', 'none.jsonl', '--embedding', `cat=${URI}`],
    ['none.png', '-p', '', '--vae', URI],
    ['doctor', '--model', URI],
  ])('%s %s %s: a URI is named as one', async (...line) => {
    const { code, stderr } = await onTerminal(line, '', { env: {} });
    expect(stderr.replaceAll(/\s+/g, ' ')).toMatch(/Expected .* got "?(?:a URI \((?:https|s3):\/\/\)|.*: a URI)/);
    expect([2, 3]).toContain(code);
  });

  it('a page of the hub is an id', async () => {
    const { stderr } = await onTerminal(['models', 'show', 'https://huggingface.co/some/refiner/tree/main'], '');
    expect(stderr).toMatch(/such\s+as\s+some\/refiner\./);
  });

  it('there are such lines of every command', () => {
    expect(new Set(lines.map(([name]) => name)).size).toBeGreaterThan(14);
  });

  it('no message repeats a secret', async () => {
    const env = { HF_HUB_OFFLINE: '1', XDG_CONFIG_HOME: '/none', XDG_CACHE_HOME: '/none' };
    const printed: string[] = [];
    for (const line of lines) {
      const { stdout, stderr } = await onTerminal(line, '', { env });
      /* A terminal's lines are broken anywhere. */
      if (/HUNTER2|SIGNATURE/.test((stdout + stderr).replaceAll(/\s/g, ''))) printed.push(line.join(' '), stderr);
    }
    expect(printed).toEqual([]);
  }, 120_000);
});
