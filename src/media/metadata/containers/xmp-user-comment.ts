/** Text that Draw Things writes into XMP: `exif:UserComment` → `rdf:Alt` → `rdf:li`. Pure. */

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const MAX_CODE_POINT = 0x10ffff;

/** @returns null if there is none. The packet is searched, not parsed: one element does not need an XML parser. */
export const xmpUserComment = (xmp: string): string | null => {
  const comment = between(xmp, '<exif:UserComment', '</exif:UserComment>');
  const item = comment === null ? null : between(comment, '<rdf:li', '</rdf:li>');
  const start = item?.indexOf('>') ?? -1;
  return item === null || start < 0 ? null : unescape(item.slice(start + 1));
};

const between = (text: string, open: string, close: string): string | null => {
  const start = text.indexOf(open);
  const end = start < 0 ? -1 : text.indexOf(close, start);
  return end < 0 ? null : text.slice(start + open.length, end);
};

const unescape = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (whole, decimal, hex, name) => {
    if (typeof name === 'string') return NAMED[name.toLowerCase()] ?? whole;
    const code = typeof decimal === 'string' ? parseInt(decimal, 10) : parseInt(String(hex), 16);
    return code <= MAX_CODE_POINT ? String.fromCodePoint(code) : whole;
  });
