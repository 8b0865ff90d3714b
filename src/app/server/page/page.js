/** The page that refines one picture: shows its steps, and the picture before and after. */
import { readEvents } from './read-events.js';

const element = (id) => document.getElementById(id);
const text = (id) => element(id).value;

/** The picture as a data: URL (null: not chosen yet), and the name of its file. */
let source = null;
let sourceName = '';
let running = null;
let isMoved = false;
let resultUrl = null;

const setStatus = (status, error = '') => {
  element('status').textContent = status;
  element('error').textContent = error;
};

const showSource = (dataUrl, name) => {
  source = dataUrl;
  sourceName = name;
  element('source').src = dataUrl;
  element('source').hidden = false;
  element('hint').textContent = 'Drop, paste or choose another picture';
  setStatus('');
};

const load = (file) => {
  if (!file) return;
  const reader = new FileReader();
  reader.addEventListener('load', () => showSource(reader.result, file.name));
  reader.addEventListener('error', () =>
    setStatus('', `Could not read ${file.name}: ${reader.error.message} Choose a file that contains a picture.`),
  );
  reader.readAsDataURL(file);
};

const request = () => {
  const params = {
    /* Not sent until the user moves the slider: the model's default suits any number of steps. */
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
  setStatus(`Step ${step} of ${steps}`);
  if (preview === null) return;
  showPair(source, preview);
  element('after').alt = `Step ${step}`;
};

const showPair = (before, after) => {
  element('before').src = before;
  element('after').src = after;
  element('result').hidden = false;
};

/** The operator may choose another format: by a file's first bytes, its type and the extension of its name. */
const formatOf = (bytes) => {
  const starts = String.fromCharCode(...bytes.subarray(0, 12));
  if (starts.startsWith('\xff\xd8')) return ['image/jpeg', 'jpg'];
  if (starts.startsWith('RIFF') && starts.endsWith('WEBP')) return ['image/webp', 'webp'];
  if (starts.slice(4).startsWith('ftypavi')) return ['image/avif', 'avif'];
  if (/^(II\*\0|MM\0\*)/.test(starts)) return ['image/tiff', 'tif'];
  return ['image/png', 'png'];
};

const showResult = ([{ generated_image: image }]) => {
  const bytes = Uint8Array.from(atob(image), (character) => character.charCodeAt(0));
  if (bytes.length === 0) {
    setStatus('', 'The picture was blocked.');
    return;
  }
  if (resultUrl !== null) URL.revokeObjectURL(resultUrl);
  const [type, extension] = formatOf(bytes);
  resultUrl = URL.createObjectURL(new Blob([bytes], { type }));
  showPair(source, resultUrl);
  element('after').alt = 'After';
  element('save').href = resultUrl;
  element('save').download = `refined.${extension}`;
  element('again').dataset.image = `data:${type};base64,${image}`;
  setStatus('Done');
};

/** Puts the file's name into a message, because the server knows only its data: URL. */
const withFileName = (message) => message.replace(/data:\S*… \(\d+ characters\)/, sourceName);

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
  if (!response.ok) throw new Error(withFileName((await response.json()).error.message));
  /* Reads to the end of the stream: otherwise a stopping server could interrupt a response that the page calls done. */
  let outcome = null;
  for await (const [name, data] of readEvents(response)) {
    if (name === 'step') showStep(data);
    if (name === 'result' || name === 'error') outcome = data;
  }
  if (outcome === null) throw new Error('The connection was interrupted.');
  if (outcome.error !== undefined) throw new Error(withFileName(outcome.error.message));
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
    setStatus('', 'Choose a picture first.');
    element('file').focus();
    return;
  }
  const controller = new AbortController();
  setRunning(controller);
  setStatus('Waiting for the server');
  try {
    await send(controller.signal);
  } catch (thrown) {
    element('result').hidden = resultUrl === null || thrown.name !== 'AbortError';
    if (thrown.name === 'AbortError') setStatus('Stopped');
    else setStatus('', thrown.message);
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

/** Shows the server's defaults and its note about the model. */
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
element('file').addEventListener('change', () => load(element('file').files[0]));
element('position').addEventListener('input', move);
element('source').addEventListener('error', () => {
  element('source').hidden = true;
  setStatus(
    '',
    `This browser cannot show ${sourceName}. Refine it if it is a picture (TIFF is one), or choose another.`,
  );
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
  load([...event.clipboardData.files].find(({ type }) => type.startsWith('image/'))),
);
for (const type of ['dragover', 'dragleave', 'drop']) {
  window.addEventListener(type, (event) => {
    event.preventDefault();
    element('drop').classList.toggle('over', type === 'dragover');
    if (type === 'drop') load(event.dataTransfer.files[0]);
  });
}
begin(JSON.parse(element('form').dataset.initial));
move();
showStrength();
