/** Names with accents, as composed (NFC) and decomposed (NFD), each looked for where the other lies. Linux tells them apart. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { existingForm } from '#src/io/files/unicode-form.js';
import { findInputs } from '#src/run/manifest/inputs/find-inputs.js';
import { folder, jsonl, manifestOf, readAll } from '../../run/manifest/manifests.js';

const [NFC, NFD] = (['NFC', 'NFD'] as const).map((form) => 'café Å'.normalize(form)) as [string, string];
const place = (...names: string[]): string => {
  const path = join(folder(), ...names);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '');
  return path;
};

describe.each([
  ['composed', NFC, NFD],
  ['decomposed', NFD, NFC],
])('what is %s on the disk', (_, there, other) => {
  it('is found under the other form, each name by itself, and only if it is there', () => {
    const path = place(there, other, `${there}.png`);
    for (const names of [
      [there, other, `${there}.png`],
      [other, other, `${other}.png`],
      [other, there, `${there}.png`],
    ]) {
      expect(existingForm(join(join(path, '../../..'), ...names))).toBe(path);
    }
    const gone = join(join(path, '../../..'), other, 'no.png');
    expect(existingForm(gone)).toBe(gone);
  });

  it('is a row’s picture, latents, text and file URL', async () => {
    const picture = place(`${there}.png`);
    const cwd = join(picture, '..');
    writeFileSync(join(cwd, `${other}.txt`), 'a prompt');
    writeFileSync(join(cwd, `${there}.npy`), '');
    const rows = jsonl(
      { image: `${other}.png` },
      { latents: `${other}.npy`, prompt: 'x' },
      { image: `file://${encodeURI(join(cwd, other))}.png` },
    );
    writeFileSync(join(cwd, 'm.jsonl'), rows);
    const manifest = { ...manifestOf({}), inputs: ['m.jsonl'], cwd };
    expect(await readAll(manifest)).toMatchObject([
      { source: { path: picture }, sourceText: `${other}.png`, settings: { prompt: 'a prompt' } },
      { source: { path: join(cwd, `${there}.npy`) } },
      { source: { path: picture } },
    ]);
  });

  it('is an input: a manifest, a folder, a picture, a glob, with its text beside it', async () => {
    const picture = place(there, `${there}.png`);
    const cwd = join(picture, '../..');
    writeFileSync(join(cwd, there, `${other}.txt`), '');
    writeFileSync(join(cwd, `${there}.csv`), '');
    const find = (input: string) => findInputs([input], { cwd });
    expect(await find(`${other}.csv`)).toMatchObject({ inputs: [{ path: join(cwd, `${there}.csv`) }] });
    expect(await find(other)).toMatchObject({ inputs: [{ paths: [`${there}.png`] }], skipped: { files: 0 } });
    expect(await find(`${other}/${other}.png`)).toMatchObject({ inputs: [{ kind: 'pictures' }] });
    expect(await find(`${other}/${other.slice(0, 3)}*.png`)).toMatchObject({ inputs: [{ paths: [`${there}.png`] }] });
    expect(await find(`${other}/${other}*.png`)).toMatchObject({ inputs: [{ paths: [`${there}.png`] }] });
  });
});
