/* global document, window, URL, Blob, FileReader, AbortController, fetch, atob */
/** The page of a person: one picture in, its steps, before and after. */
import { readEvents } from './read-events.js';

const element = (id) => document.getElementById(id);
const text = (id) => element(id).value;

/** The picture as a data: URL, and what its file is called; null: none yet. */
let source = null;
let sourceName = '';
let running = null;
let isMoved = false;
let resultUrl = null;

const say = (status, error = '') => {
  element('status').textContent = status;
  element('error').textContent = error;
};

const showSource = (dataUrl, name) => {
  source = dataUrl;
  sourceName = name;
  element('source').src = dataUrl;
  element('source').hidden = false;
  element('hint').textContent = 'Drop, paste or choose another picture';
  say('');
};

const take = (file) => {
  if (!file) return;
  const reader = new FileReader();
  reader.addEventListener('load', () => showSource(reader.result, file.name));
  reader.addEventListener('error', () =>
    say('', `Could not read ${file.name}: ${reader.error.message} Choose a file that holds a picture.`),
  );
  reader.readAsDataURL(file);
};

const request = () => {
  const params = {
    /* Until a user moves it, the model's own value suits any number of steps. */
    ...(isMoved ? { strength: Number(text('strength')) } : {}),
    steps: Number(text('steps')),
    guidance_scale: Number(text('guidance-scale')),
    ...(text('negative-prompt') === '' ? {} : { negative_prompt: text('negative-prompt') }),
    ...(text('seed') === '' ? {} : { seed: Number(text('seed')) }),
  };
  const row = [source.slice(source.indexOf(',') + 1), text('prompt')];
  return { input_data: { columns: ['image', 'prompt'], index: [0], data: [row] }, params };
};

const showStep = ({ step, steps, preview }) => {
  element('progress').hidden = false;
  element('progress').max = steps;
  element('progress').value = step;
  say(`Step ${step} of ${steps}`);
  if (preview === null) return;
  showPair(source, preview);
  element('after').alt = `Step ${step}`;
};

const showPair = (before, after) => {
  element('before').src = before;
  element('after').src = after;
  element('result').hidden = false;
};

const showResult = ([{ generated_image: image }]) => {
  const bytes = Uint8Array.from(atob(image), (character) => character.charCodeAt(0));
  if (bytes.length === 0) {
    say('', 'The picture was blocked.');
    return;
  }
  if (resultUrl !== null) URL.revokeObjectURL(resultUrl);
  resultUrl = URL.createObjectURL(new Blob([bytes], { type: 'image/png' }));
  showPair(source, resultUrl);
  element('after').alt = 'After';
  element('save').href = resultUrl;
  element('again').dataset.image = `data:image/png;base64,${image}`;
  say('Done');
};

/** The server knows a picture by its bytes alone. */
const named = (message) => message.replace(/data:\S*… \(\d+ characters\)/, sourceName);

const send = async (signal) => {
  const key = text('key');
  const response = await fetch('score', {
    method: 'POST',
    signal,
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify(request()),
  });
  if (response.status === 401) {
    element('key-row').hidden = false;
    element('key').focus();
  }
  if (!response.ok) throw new Error(named((await response.json()).error.message));
  /* To its end: a server that stops before it breaks off, to the browser, what the page already called done. */
  let outcome = null;
  for await (const [name, data] of readEvents(response)) {
    if (name === 'step') showStep(data);
    if (name === 'result' || name === 'error') outcome = data;
  }
  if (outcome === null) throw new Error('The connection broke off.');
  if (outcome.error !== undefined) throw new Error(named(outcome.error.message));
  showResult(outcome);
};

const setRunning = (controller) => {
  running = controller;
  element('refine').disabled = controller !== null;
  element('stop').disabled = controller === null;
  element('save').hidden = controller !== null;
  element('again').hidden = controller !== null;
  if (controller === null) element('progress').hidden = true;
};

const refine = async () => {
  if (source === null) {
    say('', 'Choose a picture first.');
    element('file').focus();
    return;
  }
  const controller = new AbortController();
  setRunning(controller);
  say('Waiting for the server');
  try {
    await send(controller.signal);
  } catch (thrown) {
    element('result').hidden = resultUrl === null || thrown.name !== 'AbortError';
    if (thrown.name === 'AbortError') say('Stopped');
    else say('', thrown.message);
  } finally {
    setRunning(null);
  }
};

const move = () => {
  const share = Number(text('position'));
  element('before').style.clipPath = `inset(0 ${100 - share}% 0 0)`;
  element('divider').style.left = `calc(${share}% - 1px)`;
};

const showStrength = () => {
  element('strength-value').textContent = Number(Number(text('strength')).toFixed(3));
};

/** What the server and its model would take where a request says nothing, and what is to be known of the model. */
const begin = ({ note, strength, steps, guidance_scale: guidanceScale }) => {
  const slider = element('strength');
  slider.min = Math.min(Number(slider.min), strength);
  if (Number(strength.toFixed(2)) !== strength) slider.step = 'any';
  slider.value = strength;
  element('steps').value = steps;
  element('guidance-scale').value = guidanceScale;
  if (note === null) return;
  for (const sentence of [note.text, ...note.steps]) {
    const line = document.createElement('p');
    line.textContent = sentence;
    element('note').append(line);
  }
  element('note').hidden = false;
};

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (running === null) void refine();
});
element('stop').addEventListener('click', () => running?.abort());
element('file').addEventListener('change', () => take(element('file').files[0]));
element('position').addEventListener('input', move);
element('source').addEventListener('error', () => {
  element('source').hidden = true;
  say('', `This browser cannot show ${sourceName}. Refine it if it is a picture (TIFF is one), or choose another.`);
});
element('strength').addEventListener('input', () => {
  isMoved = true;
  showStrength();
});
element('again').addEventListener('click', () => {
  showSource(element('again').dataset.image, 'The refined picture');
  element('prompt').focus();
});
window.addEventListener('paste', (event) =>
  take([...event.clipboardData.files].find(({ type }) => type.startsWith('image/'))),
);
for (const type of ['dragover', 'dragleave', 'drop']) {
  window.addEventListener(type, (event) => {
    event.preventDefault();
    element('drop').classList.toggle('over', type === 'dragover');
    if (type === 'drop') take(event.dataTransfer.files[0]);
  });
}
begin(JSON.parse(element('form').dataset.facts));
move();
showStrength();
