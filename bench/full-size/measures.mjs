/** What is measured, in the order in which it is. */

const vae = (op, side) => ({ label: `VAE ${op}r at ${side}²`, part: 'vae', op, side });

/** `part`: what has to be open for it; a call before the first is not counted. `pictures`: in one call; default: 1. */
export const CALLS = [
  { name: 'text', label: 'text encoder, two prompts', part: 'text', op: 'text' },
  ...[256, 512, 1024].map((side) => ({
    name: `unet-${side}`,
    label: `UNet call at ${side}²`,
    part: 'unet',
    op: 'unet',
    side,
  })),
  ...batches(({ side, pictures, label }) => ({
    label: `UNet call at ${label}`,
    part: 'unet',
    op: 'unet',
    side,
    pictures,
  })),
  { name: 'encode', ...vae('encode', 512) },
  { name: 'decode', ...vae('decode', 512) },
  { name: 'encode-1024', ...vae('encode', 1024) },
  { name: 'decode-1024', ...vae('decode', 1024) },
];

export const OPEN = { name: 'open', label: 'from the start until all networks are open' };

/** Whole pictures, by the command and by pipelines. */
export const BATCH = {
  name: 'batch',
  first: 'first of them',
  all: 'pictures at 512², 15 of 50 steps: ',
  side: 512,
  batchSize: 1,
};

/** The first batch is not counted; two more are, and eight pictures at least. */
export const RATES = batches(({ side, pictures, label }) => ({
  label: `pictures a minute at ${label}, 15 of 50 steps`,
  rows: pictures + Math.max(8, 2 * pictures),
  side,
  batchSize: pictures,
}));

export const MEASURES = new Set([OPEN, ...CALLS, BATCH, ...RATES].map(({ name }) => name));

/** Of a CPU: what takes no more than an hour. */
export const CPU_MEASURES = ['open', 'text', 'unet-256', 'unet-512', 'unet-1024', 'encode', 'decode', 'batch'];
/** Of a base model: peers open one of its two text encoders alone. */
export const BASE_MEASURES = ['unet-256', 'unet-512', 'unet-1024', 'encode', 'decode'];
export const QUICK_MEASURES = ['open', 'unet-512'];
export const GPU_MEASURES = [
  ...['open', 'text', 'unet-512', 'unet-1024', 'batch-sizes'],
  ...['encode', 'decode', 'encode-1024', 'decode-1024', 'batch'],
];

function batches(describe) {
  return [512, 1024].flatMap((side) =>
    [1, 4, 8].map((pictures) => {
      const label = `${side}², ${pictures === 1 ? 'one picture' : `${pictures} pictures`} at a time`;
      return { name: 'batch-sizes', ...describe({ side, pictures, label }) };
    }),
  );
}
