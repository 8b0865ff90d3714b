import { jsonText } from '../../io/json/json-text.js';
import { OWN_KEYWORD } from './programs/own.js';
import type { TextEntry } from './read-text-chunks.js';
import type { RunMetadata } from './run-metadata.js';

/** This program's JSON for a PNG: every setting, under the keys of a manifest row. */
export const runEntry = ({
  settings,
  scheduler,
  stepsRun,
  width,
  height,
  model,
  version,
  source,
  generation,
  baseModel,
}: RunMetadata): TextEntry => {
  const refiner = generation?.refiner == null ? null : rowKeys(generation.refiner);
  const made = { version, model, scheduler, steps_run: stepsRun, width, height, settings: rowKeys(settings), source };
  const began =
    generation === undefined
      ? {}
      : {
          mode: generation.mode,
          handoff: generation.handoff,
          stage_input: generation.stageInput,
          base_model: baseModel,
          refiner,
        };
  return { keyword: OWN_KEYWORD, text: jsonText({ ...made, ...began }) };
};

const rowKeys = (settings: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(settings).map(([key, value]) => [snakeCase(key), value as unknown]));

const snakeCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
