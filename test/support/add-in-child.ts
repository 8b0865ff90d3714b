/** Adds wheels in a process of its own: `node add-in-child.js <request.json>`; says `begun`, then `done` or the error as JSON. */
import { readFileSync } from 'node:fs';
import { addWheels } from '#src/onnx/libraries/add-wheels.js';
import type { Wheel } from '#src/onnx/libraries/cuda-wheels.js';
import { toErrorRecord } from '#src/errors.js';

export interface ChildRequest {
  wheels: Wheel[];
  libraries: string;
  index: string;
}

const { wheels, libraries, index } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ChildRequest;
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
await addWheels(wheels, {
  libraries,
  from: null,
  index: { url: index, authorization: null },
  signal: new AbortController().signal,
  isAlive: () => true,
  begin: () => {
    say('begun');
  },
  report: () => undefined,
}).then(
  () => {
    say('done');
  },
  (thrown: unknown) => {
    say(JSON.stringify(toErrorRecord(thrown)));
  },
);
