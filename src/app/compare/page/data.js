/** The rows (`PageRow` in `page-row.ts`). Previews stay text until they are shown. */
export const rows = JSON.parse(document.getElementById('rows').textContent);

/** @param side 'before' or 'after' @returns a URL; null: no picture */
export const pictureUrl = (index, side) => {
  const picture = rows[index][side];
  if (picture.kind === 'linked') return picture.url;
  return picture.kind === 'embedded' ? document.getElementById(`${side}-${index}`).textContent : null;
};

export const element = (id) => document.getElementById(id);

/** Creates an element; `text` is never parsed as markup. */
export const make = (tag, className, text = '') => {
  const created = document.createElement(tag);
  if (className) created.className = className;
  created.textContent = text;
  return created;
};

/** Removes `src` where there is no picture: an empty one means the page itself. */
export const setPicture = (image, url) => {
  if (url === null) image.removeAttribute('src');
  else image.src = url;
  image.hidden = url === null;
};
