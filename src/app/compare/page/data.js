/* global document */
/** The rows, as `page-row.ts` made them. Previews stay text until they are shown. */
export const rows = JSON.parse(document.getElementById('rows').textContent);

/** @param side 'before' or 'after' @returns a URL, or null where there is no picture */
export const pictureUrl = (index, side) => {
  const picture = rows[index][side];
  if (picture.kind === 'linked') return picture.url;
  return picture.kind === 'embedded' ? document.getElementById(`${side}-${index}`).textContent : null;
};

export const element = (id) => document.getElementById(id);

/** A new element; text is text, never markup. */
export const make = (tag, className, text = '') => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
};

/** An image without a source has no `src` at all: an empty one means the page itself. */
export const setPicture = (image, url) => {
  if (url === null) image.removeAttribute('src');
  else image.src = url;
  image.hidden = url === null;
};
