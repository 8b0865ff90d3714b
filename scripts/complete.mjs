/**
 * Makes a checkout complete, as npm's hook (docs/decisions/0011-packaging.md): `prepare` after `npm install` and in the clone that
 * npm makes for `npm install git+…`; `prepack` and `postpack` around `npm pack` and `npm publish`.
 */
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, sep } from 'node:path';
import { env } from 'node:process';
import { completeModels } from './complete-models.mjs';
import { installPackages } from './install.mjs';
import { build, npm, ON_WINDOWS, root } from './steps.mjs';
import { vendorPackages } from './vendor.mjs';

const HOOK = '    "prepare": "node scripts/complete.mjs",\n';
const description = join(root, 'package.json');
const text = readFileSync(description, 'utf8');

const complete = () => {
  /* In a new clone `npm pack` comes before any installation. */
  if (!existsSync(`${root}node_modules/typescript`)) installPackages();
  return vendorPackages({ allSystems: env.npm_command === 'publish' }) && completeModels() && build();
};

/** A packed package has nothing to prepare, and npm 11 would announce the script to everyone who installs the file. */
const leaveHookOut = () => writeFileSync(description, text.replace(HOOK, ''));

const putHookBack = () => {
  if (!text.includes(HOOK)) writeFileSync(description, text.replace('"scripts": {\n', `$&${HOOK}`));
};

/**
 * For `npm install -g git+…`, npm 10 and 11 prepare their clone by an `npm install` that inherits -g. It puts a link to the clone
 * where the package belongs, in place of the dependencies that are already there; npm unpacks into the link and deletes the clone.
 * So right before npm unpacks, the link makes room for a folder with the dependencies.
 */
const undoLink = () => {
  const place = join(env.npm_config_prefix ?? '', ON_WINDOWS ? '' : 'lib', 'node_modules', 'sdxl-refine');
  if (!lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() || realpathSync(place) !== realpathSync(root))
    return true;
  unlinkSync(place);
  mkdirSync(place);
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(root, name), join(place, name));
  const isInstalled = npm(['ci', '--omit=dev'], place);
  rmSync(join(place, 'package-lock.json'));
  return isInstalled;
};

/** Of the two times that `prepare` runs in npm's clone, the second is right before it is packed; npm sets the variable for the first. */
const isPackedFromGit =
  env._PACOTE_NO_PREPARE_ === undefined && root.startsWith(join(env.npm_config_cache ?? root, '_cacache') + sep);

let isDone = env.npm_lifecycle_event === 'postpack' || complete();
if (env.npm_lifecycle_event === 'prepack' && isDone) leaveHookOut();
if (env.npm_lifecycle_event === 'postpack') putHookBack();
if (isPackedFromGit && isDone) {
  leaveHookOut();
  isDone = undoLink();
}
process.exitCode = isDone ? 0 : 1;
