/** What the parser's errors say, on the real command line: a sentence, what was meant, and the code. */
import type { ProcessContext } from '#src/app/cli/process-context.js';
import { buildProgram } from '#src/app/cli/program.js';

const errorOf = async (line: string): Promise<string> => {
  const words = line.split(' ');
  const program = buildProgram(
    { words, stdout: {}, stderr: { write: () => undefined } } as unknown as ProcessContext,
    () => undefined,
  );
  return program.parseAsync(words, { from: 'user' }).then(
    () => 'no error',
    (thrown: unknown) => `${(thrown as Error).message} [${(thrown as { code: string }).code}]`,
  );
};

it.each([
  ['cat.png --promt x', ': did you mean --prompt?'],
  ['cat.png --cfg 5', ': did you mean --guidance-scale?'],
  ['cat.png --cfg=5', ': did you mean --guidance-scale?'],
  ['cat.png --sampler_name x', ': did you mean --scheduler?'],
  ['cat.png --denoise 0.3', ': did you mean --strength?'],
  ['cat.png --out x', ': did you mean --output?'],
  ['batch pics --out x', ': did you mean --output-dir?'],
  ['generate --refiner x', ': did you mean --model?'],
  ['generate --num-images 4', ': did you mean --count?'],
  ['generate --size 8', ': did you mean --width and --height?'],
  ['batch pics --base x', /: it belongs to generate/],
  ['batch pics --n-iter 4', /: --count belongs to generate/],
  ['pics --dry-run', /: it belongs to batch, generate.*\. For this: sdxl-refine batch pics --dry-run$/],
  ['batch pics --xyzzy 1', '. --help lists the options.'],
  ['batch pics --xyzzy=secret', '. --help lists the options.'],
  ['batch pics -x', '. --help lists the options.'],
])('%s: unknown option%s', async (line, end) => {
  const text = await errorOf(line);
  const [, option = '', rest = ''] = /^Unknown option (-[^:.]*)(.*) \[USAGE_OPTION_INVALID\]$/.exec(text) ?? [text];
  expect(line).toContain(option);
  if (typeof end === 'string') expect(rest).toBe(end);
  else expect(rest).toMatch(end);
});

it.each([
  ['models lits', 'There is no command "lits": did you mean list?'],
  ['models xyzzy', 'There is no command "xyzzy". --help lists the options.'],
  ['models pull', 'Missing required argument id. --help lists the options.'],
  ['batch pics -p', 'Option -p, --prompt <text> needs a value. --help lists the options.'],
  ['doctor now', "Too many arguments for 'doctor'. Expected 0 arguments but got 1. --help lists the options."],
])('%s: %s', async (line, message) => {
  expect(await errorOf(line)).toBe(`${message} [USAGE_OPTION_INVALID]`);
});
