import { element, pictureUrl, rows, setPicture } from './data.js';

/** The pair of pictures: the dividing line, zoom and panning. */
const stage = element('stage');
const frame = element('frame');
const before = element('before');
const after = element('after');
const divider = element('divider');
const position = element('position');
const zoomButtons = [...stage.parentElement.querySelectorAll('[data-zoom]')];
const LEVELS = [1, 2, 4, 8];

let size = { width: 0, height: 0 };
/** 0: fit the stage. */
let zoom = 0;
let scale = 1;
let smooth = false;
let flipped = false;

/** Enlarges by whole screen pixels only, so that small pictures stay crisp. */
const fittingScale = () => {
  const scale = Math.min(stage.clientWidth / size.width, stage.clientHeight / size.height);
  return scale >= 1 ? Math.floor(scale * devicePixelRatio) / devicePixelRatio : scale;
};

/** The line keeps its place in the visible part while a zoomed picture is panned. */
const drawLine = () => {
  const visible = Math.min(stage.clientWidth, frame.offsetWidth);
  const share = flipped ? 1 : Number(position.value) / 100;
  const x = Math.min(stage.scrollLeft, frame.offsetWidth - visible) + share * visible;
  frame.style.setProperty('--position', `${x}px`);
  divider.hidden = flipped;
};

const draw = () => {
  if (size.width === 0) return;
  scale = zoom || fittingScale();
  frame.style.width = `${size.width * scale}px`;
  frame.style.height = `${size.height * scale}px`;
  const shown = after.hidden ? before : after;
  const enlargement = (size.width * scale * devicePixelRatio) / (shown.naturalWidth || size.width);
  frame.classList.toggle('crisp', !smooth && enlargement > 1 && shown.naturalWidth >= size.width);
  stage.classList.toggle('movable', stage.scrollWidth > stage.clientWidth || stage.scrollHeight > stage.clientHeight);
  for (const button of zoomButtons) button.setAttribute('aria-pressed', String(Number(button.dataset.zoom) === zoom));
  drawLine();
};

export const setZoom = (level) => {
  const middle = {
    x: (stage.scrollLeft + stage.clientWidth / 2) / frame.offsetWidth,
    y: (stage.scrollTop + stage.clientHeight / 2) / frame.offsetHeight,
  };
  zoom = level;
  draw();
  stage.scrollLeft = middle.x * frame.offsetWidth - stage.clientWidth / 2;
  stage.scrollTop = middle.y * frame.offsetHeight - stage.clientHeight / 2;
  drawLine();
};

export const zoomIn = () => setZoom(LEVELS.find((level) => level > scale) ?? LEVELS.at(-1));
export const zoomOut = () => setZoom(LEVELS.findLast((level) => level < scale && level > fittingScale()) ?? 0);

/** While `on`, shows the input alone. */
export const flip = (on) => {
  flipped = on;
  drawLine();
};

const toggle = (button) => {
  const on = button.getAttribute('aria-pressed') !== 'true';
  button.setAttribute('aria-pressed', String(on));
  return on;
};

export const toggleSmooth = () => {
  smooth = toggle(element('smooth'));
  draw();
};

export const toggleDifference = () => frame.classList.toggle('difference', toggle(element('difference')));

export const showPair = (index) => {
  const { width, height, name } = rows[index];
  size = { width, height };
  setPicture(before, pictureUrl(index, 'before'));
  setPicture(after, pictureUrl(index, 'after'));
  before.alt = `Before: ${name}`;
  after.alt = `After: ${name}`;
  frame.hidden = width === 0;
  element('nothing').hidden = width !== 0;
  element('nothing').textContent = 'No picture to show';
  position.disabled = before.hidden || after.hidden;
  frame.classList.toggle('alone', position.disabled);
  draw();
};

const moveLine = (event) => {
  const left = Math.max(stage.getBoundingClientRect().left, frame.getBoundingClientRect().left);
  const visible = Math.min(stage.clientWidth, frame.offsetWidth);
  position.value = String(((event.clientX - left) / visible) * 100);
  drawLine();
};

const movePicture = (event) => {
  stage.scrollLeft -= event.movementX;
  stage.scrollTop -= event.movementY;
};

/** A drag moves the line if it begins on the line, or on a picture that fits; otherwise it pans the picture. */
stage.addEventListener('pointerdown', (event) => {
  if (event.button !== 0 || frame.hidden || !frame.contains(event.target)) return;
  const moves = stage.classList.contains('movable') && !divider.contains(event.target);
  // The browser's own scrolling pans a larger picture by touch.
  if (moves && event.pointerType === 'touch') return;
  const follow = moves ? movePicture : moveLine;
  event.preventDefault();
  stage.setPointerCapture(event.pointerId);
  stage.classList.add('dragging');
  if (!moves) moveLine(event);
  stage.addEventListener('pointermove', follow);
  const end = () => {
    stage.classList.remove('dragging');
    stage.removeEventListener('pointermove', follow);
  };
  stage.addEventListener('lostpointercapture', end, { once: true });
});

stage.addEventListener('dblclick', () => setZoom(zoom === 0 ? (LEVELS.find((level) => level > scale) ?? 8) : 0));
stage.addEventListener('scroll', drawLine, { passive: true });
position.addEventListener('input', drawLine);
for (const image of [before, after]) image.addEventListener('load', draw);
for (const button of zoomButtons) button.addEventListener('click', () => setZoom(Number(button.dataset.zoom)));
element('smooth').addEventListener('click', toggleSmooth);
element('difference').addEventListener('click', toggleDifference);
new ResizeObserver(draw).observe(stage);
