import { parseRow } from '#src/run/manifest/rows/parse-row.js';
import type { RowKeyName } from '#src/run/manifest/rows/row-keys.js';

const loras = [
  { name: 'ink', file: '/ink.safetensors', weight: 0.6 },
  { name: 'paper', file: '/paper.safetensors', weight: 1 },
];
const parse = (values: object, ofRun = loras) =>
  parseRow(
    {
      line: 1,
      known: Object.entries({ image: 'a.png', prompt: 'x', ...values }) as [RowKeyName, unknown][],
      extra: {},
    },
    { index: 0, rowNumberPerFile: 0, inputName: 'm.jsonl', line: 1 },
    '/data',
    { options: {}, runSeed: 1, loras: ofRun },
  );

it('takes tags out of both prompts, and gives the LoRAs that the run has their weights', async () => {
  const row = await parse({
    prompt: 'a cat <lora:ink:0.8>',
    negative_prompt: '<lora:ink.safetensors:0.1:0.2> lowres',
    prompt_syntax: 'a1111',
  });
  expect(row).toMatchObject({ settings: { prompt: 'a cat', negativePrompt: 'lowres' } });
  expect(row.settings.loraWeights).toEqual({ ink: { text_encoder: 0.9, unet: 1 }, paper: 1 });
  expect(row.warnings).toBeUndefined();
});

it('lets the row’s own weights beat the tags, which beat the run’s', async () => {
  const row = await parse({
    prompt: '<lora:ink:0.8> <lora:paper:0.5>',
    prompt_syntax: 'comfy',
    lora_weights: { paper: { text_encoder: 0, unet: 2 } },
  });
  expect(row.settings.loraWeights).toEqual({ ink: 0.8, paper: { text_encoder: 0, unet: 2 } });
});

it.each(['plain', 'compel'])('says under %s that tags count as words', async (prompt_syntax) => {
  const prompt = 'a cat <lora:ink:0.8>, <lyco:grain:0.3>';
  const row = await parse({ prompt, prompt_syntax });
  expect(row).toMatchObject({ settings: { prompt, loraWeights: { ink: 0.6, paper: 1 } } });
  expect(row.warnings).toEqual([
    expect.stringMatching(
      /^prompt_syntax \w+ reads tags as words of prompt: <lora:ink:0\.8>, <lyco:grain:0\.3>\. Choose prompt_syntax a1111 or comfy/,
    ),
  ]);
});

it('says which tags come to nothing, and counts what is over five', async () => {
  const tags = ['<lora:ink:much>', '<hypernet:h:1>', '<segment:face>', '<lora:mist:1>', '<lora:ink:1:dyn=8>'];
  const row = await parse({ prompt: tags.join(' '), prompt_syntax: 'a1111' });
  expect(row.settings).toMatchObject({ prompt: '', loraWeights: { ink: 1, paper: 1 } });
  expect(row.warnings).toEqual([
    expect.stringMatching(/^Removed <lora:ink:much> .*its weight is not a number/),
    expect.stringMatching(/^Removed <hypernet:h:1> .*hypernetworks/),
    expect.stringMatching(/^Removed <segment:face> .*"segment" is not a known kind of network/),
    expect.stringMatching(/^Removed <lora:mist:1> .*the run has no LoRA of that name/),
    expect.stringMatching(/^Ignored dyn=8 in <lora:ink:1:dyn=8>/),
  ]);
  const many = Array.from({ length: 100 }, (_, n) => `<lora:mist-${n}:1>`).join(' ');
  const { warnings = [] } = await parse({ prompt: many, prompt_syntax: 'a1111' }, []);
  expect(warnings).toHaveLength(6);
  expect(warnings[5]).toMatch(/^95 more tags/);
});

it('keeps what a terminal would obey, and what is endless, out of warnings', async () => {
  const prompt = `<lora:\u001b[2J\nNote: all is well:1> <lora:${'a'.repeat(5000)}:1>`;
  for (const prompt_syntax of ['a1111', 'plain']) {
    const { warnings = [] } = await parse({ prompt, prompt_syntax });
    expect(warnings.length).toBeGreaterThan(0);
    expect(warnings.join('')).not.toMatch(/\p{Cc}/u);
    for (const warning of warnings) expect(warning.length).toBeLessThan(500);
  }
});

it.each([
  ['a (red:1.3) fox', '(red:1.3)'],
  ['a (very red : .5), [old:new:0.5]', '(very red : .5)'],
])('says under plain that the weights of %j count as words', async (prompt, part) => {
  expect((await parse({ prompt })).warnings).toEqual([
    `prompt_syntax plain reads "${part}" as words of prompt. Choose prompt_syntax a1111 or comfy for weights.`,
  ]);
  expect((await parse({ prompt, prompt_syntax: 'a1111' })).warnings).toBeUndefined();
});

it.each([
  'a fox (a photograph, 1990)',
  'a ratio (16:9 or so)',
  'at 12:30',
  'time (12:30)',
  '(2019: 12)',
  '(at 12:30)',
  '(red)',
  '('.repeat(20_000),
])('finds no weights in %j', async (prompt) => {
  expect((await parse({ prompt })).warnings).toBeUndefined();
});
