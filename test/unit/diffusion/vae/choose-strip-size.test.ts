import { parseVaeConfig } from '#src/models/networks/vae-config.js';
import { chooseStripSize } from '#src/diffusion/vae/choose-strip-size.js';

const GIGABYTE = 2 ** 30;
/** The published VAE's sizes. */
const config = parseVaeConfig(
  {
    in_channels: 3,
    out_channels: 3,
    latent_channels: 4,
    block_out_channels: [128, 256, 512, 512],
    down_block_types: Array(4).fill('DownEncoderBlock2D'),
    up_block_types: Array(4).fill('UpDecoderBlock2D'),
    layers_per_block: 2,
    norm_num_groups: 32,
    scaling_factor: 0.13025,
  },
  'vae',
);
const choose = (side: number, tiling: 'auto' | 'on' | 'off', gigabytes: number, isBlocked = true): number | null =>
  chooseStripSize(config, [side, side], { tiling, available: gigabytes * GIGABYTE, isNchwc: isBlocked });

describe('chooseStripSize', () => {
  it('auto runs over the whole image if memory suffices, else over row strips', () => {
    expect(choose(512, 'auto', 8)).toBeNull();
    expect(choose(1024, 'auto', 24)).toBeNull();
    expect(choose(1024, 'auto', 4)).not.toBeNull();
    expect(choose(2048, 'auto', 16)).not.toBeNull();
    expect(choose(1024, 'auto', 8)).toBeNull();
    expect(choose(1024, 'auto', 8, false)).not.toBeNull();
  });

  it('on and off ignore memory', () => {
    expect(choose(64, 'on', 64)).not.toBeNull();
    expect(choose(4096, 'off', 1)).toBeNull();
  });

  it('strips are smaller with less memory, within bounds', () => {
    expect(choose(2048, 'on', 4)!).toBeLessThan(choose(2048, 'on', 8)!);
    expect(choose(2048, 'on', 1000)).toBe(2 ** 24);
    expect(choose(2048, 'on', 0)).toBe(2 ** 20);
  });
});
