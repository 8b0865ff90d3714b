/** Splits a text into pieces that the service accepts. */

/** Unicode code points in one request (Azure AI Content Safety, "Input requirements"). */
const MAX_CODE_POINTS = 10_000;
/** Code points that two pieces share, so that a phrase at the cut is whole in one of them. */
const OVERLAP = 200;

/** @returns no pieces for a text without a visible character, which the service refuses */
export const splitText = (text: string, size = MAX_CODE_POINTS, overlap = OVERLAP): string[] => {
  if (text.trim() === '') return [];
  const points = Array.from(text);
  const pieces: string[] = [];
  for (let start = 0; start === 0 || start + overlap < points.length; start += size - overlap) {
    pieces.push(points.slice(start, start + size).join(''));
  }
  return pieces;
};
