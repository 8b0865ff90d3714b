/** A contact sheet: pairs of pictures, three in a line, each above its prompt and settings. */
import { drawSheet, type Sheet, type SheetText } from '../../media/image/draw-sheet.js';
import type { Tile } from '../../media/image/preview.js';
import type { ResultRecord } from '../../records/result.js';
import { nameOf, stepsText } from './page-row.js';

/** Pixels. Three pairs make a sheet 1592 wide, which a README shows at half that width on a high-density screen. */
export const TILE_SIDE = 244;
const BETWEEN_PAIR = 2;
const PAIR_WIDTH = 2 * TILE_SIDE + BETWEEN_PAIR;
const GAP = 32;
const MARGIN = 29;
const HEADING_HEIGHT = 32;
const INK = '#1d1d1f';
const FAINT = '#6e6e73';
/** `letters`: about as many as two lines have room for. */
const PROMPT = { size: 17, line: 22, colour: INK, letters: 92 };
const DETAILS = { size: 14, line: 20, colour: FAINT };
const CAPTION_HEIGHT = 2 * PROMPT.line + DETAILS.line;

const PAPER = '#ffffff';
const NOTHING = '#ececf0';

export interface SheetPair {
  record: ResultRecord;
  /** null: the input was not found. */
  before: Tile | null;
  after: Tile;
}

/**
 * The sheet as PNG, at most 1600 pixels wide.
 * @param pairs at least one; all are drawn
 * @param heading one line above them
 */
export const contactSheet = (pairs: readonly SheetPair[], heading: string): Promise<Uint8Array> =>
  drawSheet(layOut(pairs, heading));

/** Positions of pictures and texts. A line is as high as its highest picture. */
export const layOut = (pairs: readonly SheetPair[], heading: string): Sheet => {
  const columns = pairs.length === 4 ? 2 : Math.min(3, pairs.length);
  const width = 2 * MARGIN + columns * PAIR_WIDTH + (columns - 1) * GAP;
  const pictures: Sheet['pictures'][number][] = [];
  const boxes: Sheet['boxes'][number][] = [];
  const texts: SheetText[] = [
    {
      paragraphs: [{ text: heading, ...DETAILS }],
      left: MARGIN,
      top: MARGIN - 6,
      width: width - 2 * MARGIN,
      height: DETAILS.line,
    },
  ];
  let top = MARGIN + HEADING_HEIGHT;
  for (let first = 0; first < pairs.length; first += columns) {
    const line = pairs.slice(first, first + columns);
    const height = Math.max(...line.flatMap(({ before, after }) => [before?.height ?? 0, after.height]));
    line.forEach(({ record, before, after }, column) => {
      const left = MARGIN + column * (PAIR_WIDTH + GAP);
      const first = { left, top };
      const { width, height: afterHeight } = before ?? after;
      if (before !== null) pictures.push({ png: before.png, ...first });
      else boxes.push({ ...first, width, height: afterHeight, colour: NOTHING });
      pictures.push({ png: after.png, left: left + width + BETWEEN_PAIR, top });
      texts.push(caption(record, before !== null, left, top + height + 10));
    });
    top += height + CAPTION_HEIGHT + GAP;
  }
  return { width, height: top - GAP + MARGIN, background: PAPER, pictures, boxes, texts };
};

const caption = (record: ResultRecord, hasInput: boolean, left: number, top: number): SheetText => {
  const steps = stepsText(record);
  const details = [
    shorten(nameOf(record), 36),
    record.strength === null ? null : `strength ${record.strength}`,
    steps === null ? null : `steps ${steps}`,
    hasInput ? null : 'input not found',
  ].filter((detail) => detail !== null);
  const paragraphs = [
    { text: shorten(record.prompt ?? '', PROMPT.letters), ...PROMPT },
    { text: details.join('  ·  '), ...DETAILS },
  ];
  return { paragraphs, left, top, width: PAIR_WIDTH, height: CAPTION_HEIGHT };
};

/** @param room in letters of the Latin alphabet; East Asian characters and emoji take two */
const shorten = (text: string, room: number): string => {
  let taken = 0;
  let shown = '';
  for (const character of text.replace(/\s+/g, ' ').trim()) {
    taken += character >= '\u1100' ? 2 : 1;
    if (taken > room) return `${shown.replace(/\s+\S{0,16}$/, '')}…`;
    shown += character;
  }
  return shown;
};
