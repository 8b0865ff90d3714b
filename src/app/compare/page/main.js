import { element, rows } from './data.js';
import { flip, setZoom, showPair, toggleDifference, toggleSmooth, zoomIn, zoomOut } from './stage.js';
import { columnCount, markTile, neighbour, outermost, showList } from './list.js';
import { showDetails, showRun } from './details.js';
import { listenToKeys } from './keyboard.js';

/** Connects the page's modules: the open row, the overview, buttons and keys. */
let current = 0;

const setOverview = (on) => {
  document.body.classList.toggle('overview', on);
  element('overview').setAttribute('aria-pressed', String(on));
  markTile(current);
};

const show = (index) => {
  current = index;
  showPair(index);
  showDetails(index);
  markTile(index);
  history.replaceState(null, '', `#${index + 1}`);
};

const isOverview = () => document.body.classList.contains('overview');
const step = (by) => show(neighbour(current, by));
const stepLine = (by) => step(isOverview() ? by * columnCount() : by);
const goTo = (index) => index !== undefined && show(index);

const rowOfAddress = () => {
  const index = Number(location.hash.slice(1)) - 1;
  return Number.isInteger(index) && rows[index] !== undefined ? index : 0;
};

const toggleOverview = () => setOverview(!isOverview());
/** One level back: from the overview to the picture, or from a zoomed picture to the whole. */
const goBack = () => (isOverview() ? setOverview(false) : setZoom(0));
const showHelp = () => element('help').showModal();

showRun();
showList((index) => {
  show(index);
  setOverview(false);
});
show(rowOfAddress());
window.addEventListener('hashchange', () => show(rowOfAddress()));
element('previous').addEventListener('click', () => step(-1));
element('next').addEventListener('click', () => step(1));
element('overview').addEventListener('click', toggleOverview);
element('show-help').addEventListener('click', showHelp);
listenToKeys(
  {
    arrowleft: () => step(-1),
    arrowright: () => step(1),
    arrowup: () => stepLine(-1),
    arrowdown: () => stepLine(1),
    k: () => step(-1),
    j: () => step(1),
    home: () => goTo(outermost(false)),
    end: () => goTo(outermost(true)),
    escape: goBack,
    enter: () => setOverview(false),
    '+': zoomIn,
    '=': zoomIn,
    '-': zoomOut,
    0: () => setZoom(0),
    1: () => setZoom(1),
    2: () => setZoom(2),
    4: () => setZoom(4),
    8: () => setZoom(8),
    s: toggleSmooth,
    d: toggleDifference,
    g: toggleOverview,
    '/': () => element('filter').focus(),
    '?': showHelp,
  },
  flip,
);
