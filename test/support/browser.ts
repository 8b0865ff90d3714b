/** A browser of this machine, for tests of pages. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { skipWhere } from './skip-where.js';

const places = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = places.find((path) => path !== undefined && existsSync(path));

export const { describe: describeInBrowser } = skipWhere(
  executablePath === undefined ? 'there is no browser: install chromium, or name one in the variable CHROMIUM' : null,
);

export const openBrowser = (): Promise<Browser> => {
  const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
  const args = [...flags, '--disable-background-networking', '--disable-component-update'];
  return chromium.launch({ executablePath: executablePath!, args });
};
