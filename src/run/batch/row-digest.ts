/** Digest of everything that decides a row's output: rows with equal digests have equal outputs. */
import { createHash } from 'node:crypto';
import { SETTINGS } from '../../records/setting-table.js';
import { camelCase, SETTING_NAMES, type RefineSettings, type SettingName } from '../../records/settings.js';
import type { RowKey } from '../../records/setting-kinds.js';
import type { Row } from '../../records/row.js';

/**
 * SHA-256, hexadecimal, of the model, the settings, the output's name and the input itself, but not of the input's path or the
 * row's number, id or extra keys: after moving a folder, to object storage too, or adding a row above, finished pictures stay finished.
 * @param input the encoded picture or the latents' file; for a URL its text, since resuming must not fetch it
 */
export const rowDigest = (row: Row, input: Uint8Array | string, modelDigest: string): string => {
  const {
    index: _index,
    rowNumberPerFile: _rowNumber,
    inputName: _inputName,
    line: _line,
    id: _id,
    source,
    sourceText: _sourceText,
    extra: _extra,
    warnings: _warnings,
    alternatives: _alternatives,
    ...decisive
  } = row;
  const { settings, generation } = decisive;
  const digested = {
    ...decisive,
    settings: withoutNew(settings),
    ...(generation?.refiner == null ? {} : { generation: { ...generation, refiner: withoutNew(generation.refiner) } }),
  };
  return createHash('sha256')
    .update(JSON.stringify([modelDigest, source.kind === 'store' ? 'file' : source.kind, digested]))
    .update(input)
    .digest('hex');
};

const DECLARED: Readonly<Record<SettingName, RowKey>> = SETTINGS;
/** Settings that earlier versions did not have: digests omit their defaults, so that finished rows stay finished. */
const NEW = SETTING_NAMES.filter((name) => DECLARED[name].inDigest === 'changed');

const withoutNew = (settings: RefineSettings): Partial<RefineSettings> => {
  const atDefault = NEW.filter((name) => settings[camelCase(name)] === DECLARED[name].default);
  const omitted = new Set<string>(atDefault.map((name) => camelCase(name)));
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !omitted.has(name)));
};
