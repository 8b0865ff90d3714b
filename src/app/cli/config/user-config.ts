/** The user's own configuration, in the home: settings of every run, below those of a folder. */
import { homedir } from 'node:os';
import { isAbsolute, join, posix, win32 } from 'node:path';
import { onlyFileOf } from './config-file.js';

type Environment = Readonly<Record<string, string | undefined>>;

const NAMES = ['config.json', 'config.yaml', 'config.yml'];

/**
 * Where programs keep a user's settings: `$XDG_CONFIG_HOME` on every system, else `%APPDATA%`, `~/Library/Application Support`
 * or `~/.config`. A relative XDG_CONFIG_HOME is ignored, as the XDG Base Directory Specification asks. Pure.
 *
 * @param home null: the user has none
 * @returns null: there is no such place
 */
export const userConfigFolder = (
  { XDG_CONFIG_HOME: xdg, APPDATA: appData }: Environment,
  platform: NodeJS.Platform,
  home: string | null,
): string | null => {
  const path = platform === 'win32' ? win32 : posix;
  if (xdg !== undefined && path.isAbsolute(xdg)) return path.join(xdg, 'sdxl-refine');
  if (platform === 'win32') return appData === undefined || appData === '' ? null : path.join(appData, 'sdxl-refine');
  if (home === null) return null;
  return path.join(home, platform === 'darwin' ? 'Library/Application Support' : '.config', 'sdxl-refine');
};

/** @returns null: there is none @throws RefineError USAGE_CONFLICT when there are several */
export const findUserConfig = async (env: Environment): Promise<string | null> => {
  const folder = userConfigFolder(env, process.platform, homeOf(env));
  return folder === null
    ? null
    : onlyFileOf(
        NAMES.map((name) => join(folder, name)),
        'in the user’s settings',
      );
};

/** A user without an entry in the system's list of users has no home, and asking for it throws. */
const homeOf = ({ HOME }: Environment): string | null => {
  if (HOME !== undefined && isAbsolute(HOME)) return HOME;
  try {
    return homedir();
  } catch {
    return null;
  }
};
