/** A browser of this machine, for tests of pages; `null` where there is none, which is said once. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const places = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = places.find((path) => path !== undefined && existsSync(path));
if (executablePath === undefined) {
  console.warn('The page is not tested: no browser found. Install chromium, or name one in the variable CHROMIUM.');
}

export const describeInBrowser = executablePath === undefined ? describe.skip : describe;

export const openBrowser = (): Promise<Browser> => {
  const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
  const args = [...flags, '--disable-background-networking', '--disable-component-update'];
  return chromium.launch({ executablePath: executablePath!, args });
};
