/** A text in pieces that the service takes. */

/** Unicode code points of one request (Azure AI Content Safety, "Input requirements"). */
const MAX_CODE_POINTS = 10_000;
/** What stands at the end of one piece begins the next, so that no phrase is cut in two unseen. */
const OVERLAP = 200;

/** @returns nothing for a text without a visible character, which the service refuses */
export const splitText = (text: string, size = MAX_CODE_POINTS, overlap = OVERLAP): string[] => {
  if (text.trim() === '') return [];
  const points = Array.from(text);
  const pieces: string[] = [];
  for (let start = 0; start === 0 || start + overlap < points.length; start += size - overlap) {
    pieces.push(points.slice(start, start + size).join(''));
  }
  return pieces;
};
