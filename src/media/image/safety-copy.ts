/** Copy of a picture for Azure AI Content Safety, with the same visible content that the model receives. */
import { sharp } from './configured-sharp.js';
import { loadPicture } from './load-picture.js';

/** Limits of the service (its overview, "Input requirements"): sides in pixels, and 4 MB of base64. */
const MIN_SIDE = 50;
const MAX_SIDE = 2048;
const MAX_BYTES = 3_000_000;
/** Tried in order until the file is small enough; the last is for any picture of this size. */
const QUALITIES = [90, 75, 50, 20];

/**
 * JPEG, upright, the first frame. Transparent pixels show the colour that the file stores for them, which is what is refined.
 * Sides are scaled to between 50 and 2048 pixels, which distorts a very long strip.
 * Fails with `IMAGE_UNDECODABLE` or `IMAGE_TOO_LARGE`.
 */
export async function encodeSafetyCopy(bytes: Uint8Array): Promise<Uint8Array> {
  const { pixels } = await loadPicture(bytes, 'The picture to screen');
  const { width, height } = safetySize(pixels);
  const raw = { raw: { width, height, channels: 3 } } as const;
  const data = await sharp(pixels.data, { raw: { ...raw.raw, width: pixels.width, height: pixels.height } })
    .resize({ width, height, fit: 'fill' })
    .raw()
    .toBuffer();
  let copy: Uint8Array = new Uint8Array();
  for (const quality of QUALITIES) {
    copy = await sharp(data, raw).jpeg({ quality }).toBuffer();
    if (copy.length <= MAX_BYTES) break;
  }
  return copy;
}

interface Size {
  width: number;
  height: number;
}

export const safetySize = ({ width, height }: Size): Size => {
  const [long, short] = [Math.max(width, height), Math.min(width, height)];
  const scale = long > MAX_SIDE ? MAX_SIDE / long : Math.max(1, MIN_SIDE / short);
  const side = (length: number): number => Math.min(MAX_SIDE, Math.max(MIN_SIDE, Math.round(length * scale)));
  return { width: side(width), height: side(height) };
};
