import { element, make, pictureUrl, rows, setPicture } from './data.js';

/** All rows as tiles, half before and half after, with a filter. */
const list = element('list');
const filter = element('filter');
const statuses = element('statuses');

/** Only visible tiles load their pictures: a thousand decoded pictures are more than a browser keeps. */
const visibleTiles = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      for (const image of target.querySelectorAll('img')) {
        setPicture(image, isIntersecting ? pictureUrl(Number(target.dataset.index), image.className) : null);
      }
    }
  },
  { rootMargin: '200px' },
);

const makeTile = (row, index) => {
  const tile = make('button', 'tile');
  tile.type = 'button';
  tile.dataset.index = String(index);
  const thumb = make('span', 'thumb');
  for (const side of ['after', 'before']) {
    const image = make('img', side);
    image.alt = '';
    image.hidden = true;
    image.decoding = 'async';
    thumb.append(image);
  }
  if ([row.before, row.after].some(({ kind }) => kind === 'missing')) thumb.classList.add('single');
  const caption = make('span', 'caption');
  caption.append(make('b', '', row.name), make('span', '', row.error ?? row.prompt));
  tile.append(thumb, caption);
  if (row.status !== 'ok') thumb.append(make('em', '', row.status));
  const item = make('li');
  item.append(tile);
  return item;
};

const items = rows.map(makeTile);
const tiles = items.map((item) => item.firstElementChild);
const haystacks = rows.map((row) =>
  [row.name, row.prompt, row.negativePrompt, row.status, row.error, ...row.details.map(([, value]) => value)]
    .join('\n')
    .toLowerCase(),
);
let status = null;
let shown = [];

const applyFilter = () => {
  const words = filter.value.toLowerCase().split(/\s+/);
  shown = rows.flatMap((row, index) => {
    const matches =
      (status === null || row.status === status) && words.every((word) => haystacks[index].includes(word));
    items[index].hidden = !matches;
    return matches ? [index] : [];
  });
  element('count').textContent = `${shown.length} of ${rows.length}`;
};

const countBy = (name) => rows.filter((row) => row.status === name).length;

/** One button for each status, and one for all; no buttons where all rows have the same status. */
const makeStatuses = () => {
  const names = ['ok', 'failed', 'blocked', 'skipped'].filter((name) => countBy(name) > 0);
  if (names.length < 2) return;
  for (const name of [null, ...names]) {
    const button = make('button', '', name === null ? `All ${rows.length}` : `${countBy(name)} ${name}`);
    button.type = 'button';
    button.setAttribute('aria-pressed', String(name === status));
    button.addEventListener('click', () => {
      status = name;
      for (const each of statuses.children) each.setAttribute('aria-pressed', String(each === button));
      applyFilter();
    });
    statuses.append(button);
  }
};

/** @returns index of the row `by` places after `index` among the rows shown */
export const neighbour = (index, by) => {
  const after = shown.findIndex((candidate) => candidate >= index);
  const place = after === -1 ? shown.length : after;
  const isShown = shown[place] === index;
  return shown[isShown || by < 0 ? place + by : place] ?? index;
};

/** Index of the first or the last row shown. */
export const outermost = (isLast) => shown.at(isLast ? -1 : 0);

/** Number of tiles in a line of the overview. */
export const columnCount = () => {
  const places = shown.map((index) => items[index].offsetTop);
  const next = places.findIndex((top) => top !== places[0]);
  return next === -1 ? Math.max(1, places.length) : next;
};

export const markTile = (index) => {
  for (const tile of list.querySelectorAll('[aria-current]')) tile.removeAttribute('aria-current');
  tiles[index].setAttribute('aria-current', 'true');
  reveal(tiles[index]);
};

/** Scrolls the list alone; scrollIntoView would scroll the page too. */
const reveal = (tile) => {
  const inner = tile.getBoundingClientRect();
  const outer = list.getBoundingClientRect();
  list.scrollBy({
    left: Math.min(0, inner.left - outer.left) || Math.max(0, inner.right - outer.right),
    top: Math.min(0, inner.top - outer.top) || Math.max(0, inner.bottom - outer.bottom),
  });
};

/** @param open called with the index of the row whose tile is clicked */
export const showList = (open) => {
  list.append(...items);
  for (const tile of tiles) visibleTiles.observe(tile);
  list.addEventListener('click', (event) => {
    const tile = event.target.closest('.tile');
    if (tile) open(Number(tile.dataset.index));
  });
  filter.addEventListener('input', applyFilter);
  makeStatuses();
  applyFilter();
};
