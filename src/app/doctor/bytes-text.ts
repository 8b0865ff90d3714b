/** Formats byte counts for people. */

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'];
const STEP = 1024;

/** @returns `12 bytes`, `3.4 MiB`, `23.4 GiB` */
export const bytesText = (bytes: number): string => {
  let [rest, unit] = [bytes, 'bytes'];
  for (const next of UNITS) {
    if (rest < STEP) break;
    [rest, unit] = [rest / STEP, next];
  }
  return `${unit === 'bytes' ? rest : rest.toFixed(1)} ${unit}`;
};
