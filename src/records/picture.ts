/** Pictures and latents: sources, pixels, encoding. Types, and the scale of latents. */

/** How a picture's sides become multiples of 8 for the VAE: extended at the edges, or resized down as in diffusers. */
export type Fit = 'pad' | 'resize';

export type OutputFormat = 'png' | 'jpeg' | 'webp' | 'avif' | 'tiff';

export type BitDepth = 8 | 16;

/** Encoding of a refined picture. */
export interface PictureEncoding {
  format: OutputFormat;
  /** 1 to 100; null for the program's default. Only for lossy formats. */
  quality: number | null;
  /** Bits of a channel; 16 only for PNG and TIFF. */
  bitDepth: BitDepth;
  /** Whether the file keeps the source's metadata and records how the picture was made. */
  metadata: boolean;
}

/** Source of a row's picture, as the row names it; not yet opened. */
export type PictureSource =
  | { kind: 'file'; path: string }
  | { kind: 'url'; url: string }
  /** An object of object storage, by its URI. */
  | { kind: 'store'; uri: string }
  /** `data:` URL or bare base64, not yet decoded. */
  | { kind: 'inline'; text: string }
  /** A `.safetensors`, `.npy`, `.pt` or `.pth` file with latents [1,4,h,w]. */
  | { kind: 'latents'; path: string };

/** A picture's samples: RGB, [height, width, 3]. */
export interface Raster<Samples extends Uint8Array | Uint16Array> {
  data: Samples;
  width: number;
  height: number;
}

/** The engine's input picture: u8. */
export type Pixels = Raster<Uint8Array>;

/** The engine's output picture: u8, or u16 if the job asks for 16 bits. */
export type RefinedPixels = Raster<Uint8Array | Uint16Array>;

/** An image's side over the side of its latents (SDXL's vae/config.json: four block_out_channels, so three halvings). */
export const LATENT_SCALE = 8;

/** Latents [1,4,height,width], f32, scaled by the VAE's scaling factor, as in diffusers. */
export interface LatentsData {
  data: Float32Array;
  width: number;
  height: number;
}
