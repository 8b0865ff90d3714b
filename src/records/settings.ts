/** Types and names of a picture's settings, all made from the table. */
import type { z } from 'zod';
import { SETTINGS } from './setting-table.js';

type Settings = typeof SETTINGS;
export type SettingName = keyof Settings;

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

/** `guidance_scale` → `guidanceScale`. */
export const camelCase = <Name extends string>(name: Name): CamelCase<Name> =>
  name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()) as CamelCase<Name>;

/** null if a setting has no default and is not resolved for every row. */
type Absent<Name extends SettingName> = Settings[Name]['default'] extends null
  ? Settings[Name]['isResolved'] extends true
    ? never
    : null
  : never;

type SettingValues = { [Name in SettingName as CamelCase<Name>]: z.infer<Settings[Name]['schema']> | Absent<Name> };

/** Everything that decides a refined picture besides the picture and the model. All defaults are resolved, except the model's own. */
export interface RefineSettings extends SettingValues {
  /** Weights of all adapters of the run, by name; absent if the run has none. */
  loraWeights?: Readonly<Record<string, LoraWeight>>;
}

type ChangedName = {
  [Name in SettingName]: Settings[Name]['inResults'] extends 'changed' ? Name : never;
}[SettingName];

/** Settings that a line of results.jsonl has if they differ from their defaults. */
export type ChangedSettings = { [Name in ChangedName]?: z.infer<Settings[Name]['schema']> | undefined };

export const CHANGED_NAMES = SETTING_NAMES.filter(
  (name): name is ChangedName => SETTINGS[name].inResults === 'changed',
);

/** Default of `vae_sample` under an `rng`. */
export const usualVaeSample = (rng: Rng): RefineSettings['vaeSample'] => (rng === 'torch-cpu' ? 'sample' : 'mean');

/** [height, width] in pixels, as SDXL's micro-conditioning orders them. */
export type HeightWidth = readonly [height: number, width: number];
export type Rng = RefineSettings['rng'];
export type PromptSyntax = RefineSettings['promptSyntax'];
export type FreeU = readonly [b1: number, b2: number, s1: number, s2: number];

/** An adapter's weight: one number, or one for the text encoders and one for the UNet. */
export type LoraWeight = number | { readonly text_encoder: number; readonly unet: number };
