/** Draws pictures and lines of text on one canvas. */
import type { OverlayOptions } from 'sharp';
import { sharp } from './configured-sharp.js';

/** All numbers in pixels from the upper left corner. */
export interface Sheet {
  width: number;
  height: number;
  /** `#rrggbb` */
  background: string;
  pictures: readonly { png: Uint8Array; left: number; top: number }[];
  boxes: readonly { left: number; top: number; width: number; height: number; colour: string }[];
  texts: readonly SheetText[];
}

export interface SheetText {
  /** From top to bottom. */
  paragraphs: readonly Paragraph[];
  left: number;
  top: number;
  /** Text is wrapped at this width and cut off at the bottom. */
  width: number;
  height: number;
}

export interface Paragraph {
  text: string;
  /** Pixels of an em. */
  size: number;
  /** `#rrggbb` */
  colour: string;
}

/**
 * The sheet as PNG. Text is set by Pango, not as SVG: SVG cannot be opened here (configured-sharp.ts). Where the machine
 * has no fonts, the sheet has no text.
 */
export async function drawSheet({ width, height, background, pictures, boxes, texts }: Sheet): Promise<Uint8Array> {
  const drawn = (await hasFonts()) ? await Promise.all(texts.map(drawText)) : [];
  const overlays: OverlayOptions[] = [
    ...boxes.map(({ left, top, colour, ...size }) => ({
      input: { create: { ...size, channels: 3 as const, background: colour } },
      left,
      top,
    })),
    ...pictures.map(({ png, left, top }) => ({ input: Buffer.from(png), left, top })),
    ...drawn.filter((overlay) => overlay !== null),
  ];
  return sharp({ create: { width, height, channels: 3, background } })
    .composite(overlays)
    .removeAlpha()
    .png({ compressionLevel: 9, adaptiveFiltering: true })
    .toBuffer();
}

async function drawText({ paragraphs, left, top, width, height }: SheetText): Promise<OverlayOptions | null> {
  const text = paragraphs
    .map(markup)
    .filter((line) => line !== '')
    .join('\n');
  if (text === '') return null;
  const image = sharp({ text: { text, font: 'sans', width, wrap: 'word-char', rgba: true, dpi: 72 } });
  const { data, info } = await image.png().toBuffer({ resolveWithObject: true });
  const size = { width: Math.min(width, info.width), height: Math.min(height, info.height) };
  const input = await sharp(data)
    .extract({ left: 0, top: 0, ...size })
    .png()
    .toBuffer();
  return { input, left, top };
}

/** Pango's markup is XML; its font size is in 1/1024 of a point, and a point is a pixel at 72 dpi. */
function markup({ text, size, colour }: Paragraph): string {
  const plain = text.replace(/[\p{Cc}\p{Cn}\p{Surrogate}]+/gu, ' ').trim();
  if (plain === '') return '';
  const escaped = plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<span size="${size * 1024}" foreground="${colour}">${escaped}</span>`;
}

/** Without a font Pango draws every letter as the same box. */
async function hasFonts(): Promise<boolean> {
  const widthOf = async (text: string): Promise<number> => {
    const image = sharp({ text: { text, font: 'sans', dpi: 300 } });
    return (await image.png().toBuffer({ resolveWithObject: true })).info.width;
  };
  const [narrow, wide] = await Promise.all([widthOf('iiii'), widthOf('WWWW')]);
  return narrow !== wide;
}
