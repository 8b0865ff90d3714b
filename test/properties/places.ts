/** Paths, names and globs from outside: where outputs go, and where pictures are. */
import { ok, strictEqual } from 'node:assert';
import { posix, sep, win32 } from 'node:path';
import { parseModelId, repositoryFolder } from '#src/models/hub/model-id.js';
import { findInputs } from '#src/run/manifest/inputs/find-inputs.js';
import { isGlob, splitGlob } from '#src/run/manifest/inputs/glob-place.js';
import { parseLatentsSource, parsePictureSource } from '#src/run/manifest/inputs/picture-source.js';
import { foldName, outputStem, parseOutput, promptStem } from '#src/run/manifest/rows/output-name.js';
import { property } from './property.js';
import { expectShort, orRefused } from './refusals.js';
import { scratchFolder } from './scratch.js';
import { textOf } from './texts.js';

const PIECES = [
  'a',
  'cat',
  '.png',
  '.jpg',
  '/',
  '//',
  './',
  '../',
  '..',
  '.',
  '\\',
  'C:',
  '~',
  '\0',
  '\u202e',
  'con',
  'aux.png',
  ' ',
  '**',
  '*',
  '[a-z]',
  '{a,b}',
  '!(x)',
  '?',
  'file:///',
  'https://h/',
  'data:,',
  '%2e%2e',
  '%2f',
  '@',
  '#',
  '.npy',
];
const path = textOf(PIECES, 12);

/** Unicode's control and format characters: none shows a name as another. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}\p{Default_Ignorable_Code_Point}]/u;

/** @throws when a name leaves its folder on any system, or shows as another */
const isInside = (name: string): void => {
  ok(posix.join('/out', name).startsWith('/out/'), name);
  const below = win32.relative('C:\\out', win32.resolve('C:\\out', name));
  ok(below !== '' && !/^\.\.(?:[\\/]|$)/.test(below) && !win32.isAbsolute(below), name);
  ok(!UNSEEN.test(name), name);
  ok(
    name.split('/').every((part) => part !== '' && Buffer.byteLength(part) <= 255 && !/[ .]$/.test(part)),
    name,
  );
};

export const properties = [
  property(
    'places: an output that a row names stays in the folder, and shows as it is',
    'text',
    path,
    async (name) => {
      const output = await orRefused(() => parseOutput(name, 'png'), 'ROW_FIELD_INVALID');
      if (output === null) return;
      isInside(output);
      ok(/\.(png|jpe?g|webp|tiff?|avif|safetensors)$/i.test(output), output);
    },
    100,
  ),
  property(
    'places: an output that is called after a picture or a prompt stays in the folder, and shows as it is',
    'text',
    path,
    (name) => {
      isInside(outputStem({ kind: 'file', path: `/in/${name.replaceAll('\0', '')}` }, 1));
      isInside(outputStem({ kind: 'inline', text: '' }, 1, name));
      isInside(promptStem(name, 1));
      if (URL.canParse(`https://h/${name}`))
        isInside(outputStem({ kind: 'url', url: new URL(`https://h/${name}`).href }, 1));
      strictEqual(foldName(foldName(name)), foldName(name));
    },
    100,
  ),
  property(
    'places: a picture is a file, a URL or itself, or is refused in few words',
    'text',
    path,
    async (text) => {
      const found = await orRefused(() => parsePictureSource(text, '/in'), 'ROW_FIELD_INVALID');
      if (found?.source.kind === 'file') ok(found.source.path.startsWith(sep) && !found.source.path.includes('\0'));
      if (found?.source.kind === 'url') ok(/^https?:/.test(found.source.url));
      await orRefused(() => parseLatentsSource(text, '/in'), 'ROW_FIELD_INVALID');
    },
    100,
  ),
  property('places: any input of the command line is found, or refused in few words', 'text', path, async (input) => {
    /* Of this machine's own folders nothing is listed: what is below the folder alone. */
    if (/^[/~]|\.\.|\0/.test(input) || input === '-' || input.length > 500) return;
    const cwd = scratchFolder();
    await orRefused(() => findInputs([input], { cwd }), 'MANIFEST_UNREADABLE', 'USAGE_CONFLICT');
    if (isGlob(input)) ok((await splitGlob(input, cwd)).folder.startsWith(cwd));
  }),
  property(
    'places: a model of the hub has a folder of its own in the cache',
    'text',
    textOf(['org', '/', 'name', '-', '--', '..', '.', '@', 'main', '\\', ':', 'refs/pr/1'], 6),
    (text) => {
      const model = parseModelId(text);
      if (model === null) return;
      const folder = repositoryFolder(model.id);
      ok(/^models--[\w.-]+$/.test(folder) && !folder.includes('..'));
      expectShort(model.id);
      ok(!model.revision.includes('..'));
    },
  ),
];
