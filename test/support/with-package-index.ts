/** An index on this machine with two small wheels, and a folder to add them to. */
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isRefineError, type RefineError } from '#src/errors.js';
import { addWheels, type AddOptions, type AddPlan } from '#src/onnx/libraries/add-wheels.js';
import { parseIndex } from '#src/onnx/libraries/package-index.js';
import { fakePackageIndex, type FakeIndex } from './fake-package-index.js';
import { makeWheel, type MadeWheel, type WheelEntry } from './make-wheel.js';
import { temporaryFolder } from './run-cli.js';
import { withServer } from './with-server.js';

export const library = (name: string, bytes = 5000): WheelEntry => ({
  path: `nvidia/lib/${name}`,
  data: randomBytes(bytes),
});
export const other = { path: 'nvidia/include/cuda.h', data: Buffer.from('not taken') };
export const first = library('libfirst.so.13');
export const second = library('libsecond.so.9', 300_000);
export const wheels = [
  makeWheel('nvidia-first', [other, first], { taken: [first] }),
  makeWheel('nvidia-second', [second, other], { taken: [second] }),
];

export interface Place {
  fake: FakeIndex;
  libraries: string;
  url: string;
  plans: AddPlan[];
  add: (changes?: Partial<AddOptions>, of?: readonly MadeWheel[]) => Promise<string[]>;
  /** Files below, without the lock. */
  files: () => string[];
}

export const withIndex = async (
  use: (place: Place) => Promise<void>,
  { fake = fakePackageIndex(wheels), libraries = join(temporaryFolder(), 'libraries') }: Partial<Place> = {},
): Promise<void> => {
  await withServer(fake.listener, async (server) => {
    const url = `${server}/simple`;
    const plans: AddPlan[] = [];
    await use({
      fake,
      libraries,
      url,
      plans,
      add: (changes = {}, of = wheels) =>
        addWheels(of, {
          libraries,
          from: null,
          index: parseIndex(url, 'the test'),
          signal: new AbortController().signal,
          isAlive: () => true,
          begin: (plan) => plans.push(plan),
          report: () => undefined,
          ...changes,
        }),
      files: () =>
        (readdirSync(libraries, { recursive: true }) as string[])
          .filter((path) => path.includes('/') && !path.endsWith('.lock'))
          .sort(),
    });
  });
};

export const errorOf = async (promise: Promise<unknown>): Promise<RefineError> => {
  const thrown: unknown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (isRefineError(thrown)) return thrown;
  throw new Error(`expected a RefineError, got ${String(thrown)}`);
};

/** Files once both wheels are added. */
export const WHOLE = [
  'nvidia-first-1.0/libfirst.so.13',
  'nvidia-first-1.0/wheel.json',
  'nvidia-second-1.0/libsecond.so.9',
  'nvidia-second-1.0/wheel.json',
];
