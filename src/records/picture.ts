/** Pictures and latents: sources, pixels, encoding. Types, and the scale of latents. */

/** How a picture whose sides are not multiples of 8 reaches the VAE: extended at its edges, or resized down as diffusers does. */
export type Fit = 'pad' | 'resize';

export type OutputFormat = 'png' | 'jpeg' | 'webp' | 'avif' | 'tiff';

export type BitDepth = 8 | 16;

/** How a refined picture is written. */
export interface PictureEncoding {
  format: OutputFormat;
  /** 1 to 100; null: the program's own. Only of formats that lose something. */
  quality: number | null;
  /** Bits of a channel; 16 for PNG and TIFF alone. */
  bitDepth: BitDepth;
  /** Whether the file says what the source said of itself, and what made the picture. */
  metadata: boolean;
}

/** Where a row's picture comes from, as the row said it; nothing has been opened yet. */
export type PictureSource =
  | { kind: 'file'; path: string }
  | { kind: 'url'; url: string }
  /** `data:` URL or bare base64, not yet decoded. */
  | { kind: 'inline'; text: string }
  /** A `.safetensors`, `.npy`, `.pt` or `.pth` file with latents [1,4,h,w]. */
  | { kind: 'latents'; path: string };

/** A picture's numbers: RGB, row by row, [height, width, 3]. */
export interface Raster<Samples extends Uint8Array | Uint16Array> {
  data: Samples;
  width: number;
  height: number;
}

/** A picture as the engine wants it: u8. */
export type Pixels = Raster<Uint8Array>;

/** A picture as the engine gives it: u8, or u16 where 16 bits are asked for. */
export type RefinedPixels = Raster<Uint8Array | Uint16Array>;

/** An image's side over the side of its latents (SDXL's vae/config.json: four block_out_channels, so three halvings). */
export const LATENT_SCALE = 8;

/** Latents [1,4,height,width], f32, scaled by the VAE's scaling factor, as in diffusers. */
export interface LatentsData {
  data: Float32Array;
  width: number;
  height: number;
}
