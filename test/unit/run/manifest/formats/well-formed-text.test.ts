import { generateRowParser } from '#src/run/manifest/rows/parse-generate-row.js';
import { jsonl, manifestOf, messageOf, readAll } from '../manifests.js';

const HALF = '\ud83d';

it('puts U+FFFD for half a character anywhere in a row, and says where', async () => {
  const rows = jsonl(
    { image: 'p.png', prompt: `a cat ${HALF}`, id: `${HALF}1`, note: { deep: [HALF] }, other: '😀' },
    { image: 'p.png', prompt: 'a dog 😀' },
  );
  const [first, second] = await readAll(manifestOf({ 'm.jsonl': rows }));
  expect(first).toMatchObject({
    id: '\ufffd1',
    settings: { prompt: 'a cat \ufffd' },
    extra: { note: { deep: ['\ufffd'] }, other: '😀' },
    warnings: [expect.stringMatching(/^Replaced unpaired surrogates .* in prompt, id, note by U\+FFFD/)],
  });
  expect(second?.warnings).toBeUndefined();
  expect(JSON.stringify(first)).not.toMatch(/\\ud/);
});

it('does so with options, metadata and rows of generate', async () => {
  const fromElsewhere = await readAll(
    manifestOf(
      { 'm.jsonl': jsonl({ image: 'p.png' }) },
      {
        options: { negative_prompt: HALF },
        readMetadata: () => Promise.resolve({ values: { prompt: `${HALF}x` }, warnings: [] }),
      },
    ),
  );
  expect(fromElsewhere[0]).toMatchObject({
    settings: { prompt: '\ufffdx', negativePrompt: '\ufffd' },
    warnings: [expect.stringContaining('in prompt, negative_prompt by U+FFFD')],
  });
  const parse = generateRowParser({ mode: 'base', stageInput: 'latents', keepsLatents: false });
  const generated = await readAll(manifestOf({ 'm.jsonl': jsonl({ prompt: HALF }) }, { command: 'generate', parse }));
  expect(generated[0]).toMatchObject({
    settings: { prompt: '\ufffd' },
    warnings: [expect.stringContaining('in prompt by U+FFFD')],
  });
});

it('makes no halves in messages', async () => {
  const rows = jsonl({ image: 'p.png', prompt: 'x', fit: `${'a'.repeat(79)}😀` });
  const [row] = await readAll(manifestOf({ 'm.jsonl': rows }));
  expect(messageOf(row!)).toMatch(/got "a{79}… \(m\.jsonl/);
});
