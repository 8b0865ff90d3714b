/** `--lora <file[:weight]>`, which may be given several times. */
import { basename, extname, resolve } from 'node:path';
import { existingForm } from '../../../io/files/unicode-form.js';
import { RefineError } from '../../../errors.js';
import type { LoraChoice } from '../../../records/model-options.js';

/** Parser of an option that may be repeated. */
export const collect = (text: string, previous: readonly string[] = []): readonly string[] => [...previous, text];

/** A weight after the last colon; the colon of a Windows drive does not precede a number. */
const WEIGHTED = /^(.+):([-+]?(?:\d+(?:\.\d*)?|\.\d+))$/;

/** @param cwd folder of relative paths @throws USAGE_CONFLICT for two LoRAs with the same name, by which rows refer to them */
export const parseLoras = (texts: string | readonly string[] | undefined, cwd: string): LoraChoice[] => {
  const loras = [texts ?? []].flat().map((text) => {
    const [, file = text, weight = '1'] = WEIGHTED.exec(text) ?? [];
    return {
      name: basename(file, extname(file)).normalize('NFC'),
      file: existingForm(resolve(cwd, file)),
      weight: Number(weight),
    };
  });
  expectDistinct(loras);
  return loras;
};

/** @throws USAGE_CONFLICT */
export const expectDistinct = (loras: readonly LoraChoice[]): void => {
  const twice = loras.find(({ name }, index) => loras.findIndex((other) => other.name === name) !== index);
  if (twice === undefined) return;
  throw new RefineError(
    'USAGE_CONFLICT',
    `Two LoRAs have the name "${twice.name}", which rows and results use: rename one of the files.`,
  );
};
