/** Installs what is missing: packages, what vendor/ names, and the copies among the bundled models. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { completeModels } from './complete-models.mjs';
import { readIfThere } from './made-file.mjs';
import { npm, root } from './steps.mjs';
import { vendorPackages } from './vendor.mjs';

const MARK = `${root}node_modules/.installed-from`;

/** Installs exactly what the lock files and digests name, unless that is what is there. */
export const install = () => {
  installPackages();
  if (!vendorPackages()) giveUp();
  if (!completeModels()) process.exit(1);
};

export const installPackages = () => {
  const lock = createHash('sha256')
    .update(readFileSync(`${root}package-lock.json`))
    .digest('hex');
  /* No mark: nothing is installed, or not by us. */
  if (readIfThere(MARK) === lock) return;
  console.error('Installing packages …');
  if (!npm(['ci', '--include=dev'])) giveUp();
  writeFileSync(MARK, lock);
};

const giveUp = () => {
  console.error('npm ci failed. Check the network and the registry that npm uses, then run this again.');
  process.exit(1);
};
