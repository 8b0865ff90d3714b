/** The user's own configuration file: settings of every run, which a folder's configuration file overrides. */
import { homedir } from 'node:os';
import { isAbsolute, join, posix, win32 } from 'node:path';
import { onlyFileOf } from './config-file.js';

type Environment = Readonly<Record<string, string | undefined>>;

const NAMES = ['config.json', 'config.yaml', 'config.yml'];

/**
 * Folder of a user's settings: below `$XDG_CONFIG_HOME` on every system, else below `%APPDATA%`,
 * `~/Library/Application Support` or `~/.config`. A relative XDG_CONFIG_HOME is ignored, as the XDG Base Directory
 * Specification asks. Pure.
 *
 * @param home null: the user has no home
 * @returns null: no such folder
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

/** @returns null: no file @throws RefineError USAGE_CONFLICT for several files */
export const findUserConfig = async (env: Environment): Promise<string | null> => {
  const folder = userConfigFolder(env, process.platform, homeOf(env));
  return folder === null
    ? null
    : onlyFileOf(
        NAMES.map((name) => join(folder, name)),
        'in the user’s settings',
      );
};

/** `homedir` throws for a user without an entry in the system's list of users. */
const homeOf = ({ HOME }: Environment): string | null => {
  if (HOME !== undefined && isAbsolute(HOME)) return HOME;
  try {
    return homedir();
  } catch {
    return null;
  }
};
