/**
 * Makes the golden files that are not tracked, so that a clone is lighter: test/golden/data/made/ has a recipe of each, with its
 * SHA-256, and test/golden/data/README.md says what a recipe is. What is there and whole stays. Jest calls it before the first test.
 *
 * usage: node scripts/make-test-models.mjs [a checkout's folder]
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { completeModels } from './complete-models.mjs';
import { makeSmallRefiner } from './make-small-refiner.mjs';
import { root } from './steps.mjs';
import { readTensor, uniformWeights } from './test-weights.mjs';
import { bytesIfThere, sha256, writeWhole } from './whole-file.mjs';

const DATA = 'test/golden/data';
const RECIPES = `${DATA}/made`;

/** @returns the files it made, as paths in the checkout. Throws: an original is not what it was. */
export const makeTestModels = (checkout = root) => {
  const recipes = new Map(
    readdirSync(join(checkout, RECIPES), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.recipe.json'))
      .map((name) => name.replaceAll('\\', '/'))
      .map((name) => [`${DATA}/${name.slice(0, -'.recipe.json'.length)}`, `${RECIPES}/${name}`]),
  );
  const whole = new Map();
  const names = [];

  /** A file of the checkout, made before if it has a recipe. */
  const bytesOf = (path) => {
    if (whole.has(path)) return whole.get(path);
    const recipe = recipes.get(path);
    const there = bytesIfThere(join(checkout, path));
    const bytes = recipe === undefined ? there : wholeOf(path, recipe, there);
    if (bytes === null) throw new Error(`Expected the file ${path}, found none. Get it back: git checkout -- ${path}`);
    whole.set(path, bytes);
    return bytes;
  };

  const wholeOf = (path, recipePath, there) => {
    const recipe = JSON.parse(readFileSync(join(checkout, recipePath), 'utf8'));
    if (there !== null && sha256(there) === recipe.sha256) return there;
    const sources = Object.entries(
      recipe.copyOf === undefined ? { ...recipe.files, rest: restOf(path) } : { rest: recipe.copyOf },
    );
    const originals = Object.fromEntries(sources.map(([name, source]) => [name, bytesOf(source)]));
    const { bytes, found } = made(recipe, originals);
    if (found !== recipe.sha256) {
      const tracked = [recipePath, ...sources.map(([, source]) => source).filter((source) => !recipes.has(source))];
      const isDrawn = recipe.pieces?.some((piece) => 'seed' in piece);
      throw new Error(
        `Expected ${path} to have the SHA-256 ${recipe.sha256}, made it with ${found}: one of the files it is made of is not what ` +
          `it was. Get them back: git checkout -- ${tracked.join(' ')}` +
          (isDrawn
            ? '. If they are: src/diffusion/random/mt19937.ts or src/tensor/float16.ts gives other numbers'
            : ''),
      );
    }
    writeWhole(join(checkout, path), bytes);
    names.push(path);
    return bytes;
  };

  for (const path of recipes.keys()) bytesOf(path);
  return names;
};

const restOf = (path) => `${RECIPES}/${path.slice(DATA.length + 1)}.rest`;

/** The file, and its digest, or what kept it from being made. */
const made = (recipe, originals) => {
  try {
    const bytes = recipe.copyOf === undefined ? fill(recipe, originals) : originals.rest;
    return { bytes, found: sha256(bytes) };
  } catch (error) {
    return { found: `none (${error.message})` };
  }
};

/** The pieces of a recipe at their places, and the bytes of the rest, in order, in between. */
const fill = ({ bytes: size, pieces }, { rest, ...files }) => {
  const whole = Buffer.alloc(size);
  let at = 0;
  let used = 0;
  const takeRest = (end) => {
    used += rest.copy(whole, at, used, used + end - at);
    at = end;
  };
  for (const piece of pieces) {
    takeRest(piece.at);
    at += ('seed' in piece ? uniformWeights(piece) : readTensor(files[piece.of], piece)).copy(whole, at);
  }
  takeRest(size);
  return whole;
};

/** For jest. */
export default () => {
  if (!completeModels()) throw new Error('The bundled models are not complete; why is above.');
  makeTestModels();
  makeSmallRefiner(`${root}${DATA}/models`);
};

if (argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const start = performance.now();
    if (completeModels(argv[2])) {
      const made = makeTestModels(argv[2]);
      if (argv[2] === undefined) makeSmallRefiner(`${root}${DATA}/models`);
      console.error(`${made.length} files made in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    } else process.exitCode = 1;
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
