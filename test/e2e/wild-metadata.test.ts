/** Pictures of other programs, as a folder of them: what becomes of their prompts, and what is said of what cannot be read. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePngText } from '#src/media/metadata/write-png-text.js';
import type { ResultRecord } from '#src/records/result.js';
import { goldenData } from '../support/golden.js';
import { parseResults, runCli, temporaryFolder } from '../support/run-cli.js';

const model = goldenData('models/small-refiner');
const plain = readFileSync(goldenData('images/square-64.png'));
const pngWith = (texts: Record<string, string>): Uint8Array =>
  writePngText(
    plain,
    Object.entries(texts).map(([keyword, text]) => ({ keyword, text })),
  );

const INFOTEXT =
  'a boat, (mist:1.2) <lora:ink:0.8>\nNegative prompt: (lowres:1.4)\nSteps: 25, Sampler: DPM++ 2M, CFG scale: 6.5, Seed: 4123';
const graph = (text: string): string =>
  JSON.stringify({
    1: { class_type: 'Efficient Loader', inputs: { positive: text, negative: 'blurry', ckpt_name: 'a' } },
    2: {
      class_type: 'KSampler (Efficient)',
      inputs: { seed: 7, steps: 4, cfg: 6, sampler_name: 'euler', positive: ['1', 1], negative: ['1', 2] },
    },
  });

describe('a folder of pictures of other programs', () => {
  const folder = temporaryFolder();
  const run = async (
    name: string,
    ...options: string[]
  ): Promise<{ code: number; stderr: string; of: (image: string) => ResultRecord }> => {
    const out = join(folder, name);
    const { code, stderr } = await runCli(
      ['batch', 'in', '--model', model, '--output-dir', out, '--strength', '0.5', '--steps', '2', ...options],
      { cwd: folder },
    );
    const results = parseResults(readFileSync(join(out, 'results.jsonl'), 'utf8'));
    return { code: code ?? -1, stderr, of: (image) => results.find((result) => result.image === `in/${image}`)! };
  };

  beforeAll(() => {
    mkdirSync(join(folder, 'in'));
    const files = {
      'infotext.png': pngWith({ parameters: INFOTEXT }),
      'beside.png': plain,
      'beside.txt': INFOTEXT,
      'caption.png': plain,
      'caption.txt': 'a wooden boat, lake',
      'comfy.png': pngWith({ prompt: graph('a red fox') }),
      'empty.png': pngWith({ prompt: graph('') }),
      'unclear.png': pngWith({
        prompt: graph('a red fox').replaceAll('["1",2]', '["1",1]').replaceAll('Efficient Loader', 'Some Loader'),
      }),
      'json.png': pngWith({ parameters: '{"prompt":"a lamp"}' }),
      'seed.png': pngWith({
        parameters: '{"version":"Fooocus v2.5.5","prompt":"an otter","seed":"99999999999999999999"}',
      }),
    };
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, 'in', name), content);
  });

  it('takes prompts as they were meant, and says what it does not take', async () => {
    const { code, stderr, of } = await run('out', '--from-metadata', 'prompt,negative_prompt,seed');
    expect(code).toBe(1);
    for (const name of ['infotext.png', 'beside.png']) {
      expect(of(name)).toMatchObject({
        status: 'ok',
        prompt: 'a boat, (mist:1.2)',
        negative_prompt: '(lowres:1.4)',
        prompt_syntax: 'a1111',
      });
      expect(of(name).warnings).toEqual([expect.stringContaining('<lora:ink:0.8>')]);
    }
    expect(of('caption.png')).toMatchObject({ prompt: 'a wooden boat, lake', negative_prompt: '' });
    expect(of('caption.png')).not.toHaveProperty('prompt_syntax');
    expect(of('comfy.png')).toMatchObject({
      prompt: 'a red fox',
      negative_prompt: 'blurry',
      prompt_syntax: 'comfy',
      seed: 7,
    });
    expect(of('empty.png')).toMatchObject({ prompt: '', warnings: [expect.stringContaining('empty')] });
    expect(of('unclear.png')).toMatchObject({
      error: { code: 'ROW_FIELD_MISSING' },
      warnings: [expect.stringContaining('positive and negative come from one output')],
    });
    expect(of('json.png')).toMatchObject({
      error: { code: 'ROW_FIELD_MISSING' },
      warnings: [expect.stringContaining('not in the format of a supported program')],
    });
    expect(of('seed.png')).toMatchObject({
      prompt: 'an otter',
      warnings: [expect.stringContaining('seed "99999999999999999999"')],
    });
    for (const name of ['infotext', 'beside', 'empty', 'unclear', 'json', 'seed'])
      expect(stderr.match(new RegExp(`Note: in/${name}\\.png: .*\\n`, 'g'))).toHaveLength(1);
  });

  it('reads them otherwise where it is told to', async () => {
    const { of } = await run('plain', '--prompt-syntax', 'plain', '--overwrite');
    expect(of('infotext.png')).toMatchObject({ prompt: 'a boat, (mist:1.2) <lora:ink:0.8>' });
    expect(of('infotext.png')).not.toHaveProperty('prompt_syntax');
  });

  it('says the same of a dry run', async () => {
    const { stderr } = await runCli(
      ['batch', 'in', '--model', model, '--dry-run', '--output-dir', join(folder, 'dry')],
      { cwd: folder },
    );
    expect(stderr).toMatch(/Note: in\/empty\.png: The prompt is empty/);
  });
});
