import stringWidth from 'string-width';
import { hasColors, type ColorChoice } from '#src/app/cli/progress/color-choice.js';
import { createTerminal, type Terminal } from '#src/app/cli/progress/terminal.js';

type Stderr = Parameters<typeof createTerminal>[0]['stderr'];

/** @returns a terminal, and what was written to it so far */
const open = (
  stream: { isTTY?: boolean; columns?: number },
  env: Record<string, string> = {},
): { terminal: Terminal; text: () => string; resize: (columns: number) => void } => {
  let text = '';
  const stderr = Object.assign({ write: (more: string) => (text += more) }, stream) as unknown as Stderr;
  return {
    terminal: createTerminal({ stderr, env }),
    text: () => text,
    resize: (columns) => (stderr.columns = columns),
  };
};

const HOSTILE = {
  colours: '\u001b[31mred',
  title: '\u001b]0;owned\u0007',
  'cursor by C1': '\u009b2J',
  return: 'ok\rNOT',
  backspace: 'a\b\b',
  delete: '\u007f',
  'right to left': 'gpj.\u202eexe',
  isolate: '\u2066x\u2069',
  'line separator': 'a\u2028b',
  'half a character': '\ud83d',
};
/** Besides the end of the line. */
const OBEYED = /(?!\n)[\p{Cc}\p{Zl}\p{Bidi_Control}\p{Cs}]/u;

describe.each([{ isTTY: true, columns: 80 }, {}])('text for %j', (stream) => {
  it.each(Object.entries(HOSTILE))('shows %s and does not obey it', (_, hostile) => {
    const { terminal, text } = open(stream);
    terminal.write(`Note: ${hostile}\n`);
    expect(text()).not.toMatch(OBEYED);
    expect(text()).toMatch(/^Note: .*\\[ru].*\n$/);
  });
});

describe('lines', () => {
  const long = 'Expected a prompt, found none: add the key prompt, or the option --prompt';
  it.each([80, 40, 23])('of %d columns break at words and keep their indent', (columns) => {
    const { terminal, text } = open({ isTTY: true, columns });
    terminal.write(`  ${long} (${'x'.repeat(50)}.png)\n${'猫'.repeat(70)}\n`);
    const lines = text().trimEnd().split('\n');
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    expect(
      lines
        .filter((line) => line.startsWith('  '))
        .join(' ')
        .replace(/\s+/g, ' '),
    ).toContain(long);
    expect(lines.join('').match(/猫/g)).toHaveLength(70);
  });

  it('stay whole where there is no terminal', () => {
    const { terminal, text } = open({});
    terminal.write(`${long.repeat(9)}\n`);
    expect(text()).toBe(`${long.repeat(9)}\n`);
  });
});

describe('the line of progress', () => {
  it('the status line makes way for messages, and comes back below them', () => {
    const { terminal, text } = open({ isTTY: true, columns: 80 });
    terminal.status('1 of 2');
    terminal.write('Note: a\n');
    terminal.status(null);
    terminal.write('done\n');
    expect(text()).toBe('1 of 2\r\u001b[JNote: a\n1 of 2\r\u001b[Jdone\n');
  });

  it('is erased whole after a window became narrower', () => {
    const { terminal, text, resize } = open({ isTTY: true, columns: 80 });
    terminal.status('x'.repeat(70));
    resize(30);
    terminal.status(null);
    expect(text().slice(70)).toBe('\u001b[2A\r\u001b[J');
  });

  it.each([
    [{}, {}],
    [{ isTTY: true }, { TERM: 'dumb' }],
  ])('is none on %j with %j', (stream, env: Record<string, string>) => {
    const { terminal, text } = open(stream, env);
    terminal.status('1 of 2');
    terminal.clearLine();
    expect(text()).toBe('');
  });
});

describe('colours', () => {
  it.each<[boolean, Record<string, string>, ColorChoice | undefined, boolean]>([
    [true, {}, undefined, true],
    [false, {}, undefined, false],
    [true, { TERM: 'dumb' }, undefined, false],
    [true, { NO_COLOR: '1' }, undefined, false],
    [true, { NO_COLOR: '' }, undefined, true],
    [false, { FORCE_COLOR: '1' }, 'auto', true],
    [true, { FORCE_COLOR: '0' }, 'auto', false],
    [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, 'auto', false],
    [false, { NO_COLOR: '1' }, 'always', true],
    [true, { FORCE_COLOR: '1' }, 'never', false],
    [true, { FORCE_COLOR: '1' }, false, false],
  ])('terminal %s, %j, --color %s: %s', (isTTY, env, choice, expected) => {
    const stderr = { isTTY } as Stderr;
    expect(hasColors(choice, { env, stderr })).toBe(expected);
  });
});
