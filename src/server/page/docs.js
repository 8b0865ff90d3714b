/* global document, fetch, performance */
/** The endpoint's description, read from swagger.json, and a form to try it. */
const element = (id) => document.getElementById(id);

/** An 8 × 8 picture, so that the first try needs nothing. */
const GREY = 'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAD0lEQVR42mNowAEYhpYEAILzYAEllbNjAAAAAElFTkSuQmCC';
const EXAMPLE = {
  input_data: { columns: ['image', 'prompt'], index: [0], data: [[GREY, 'a cat in the snow']] },
  params: { strength: 0.3, steps: 20, seed: 7 },
};
const MOST_SHOWN = 5000;

const list = (id, entries) => {
  for (const [name, description] of entries) {
    const [term, details] = [document.createElement('dt'), document.createElement('dd')];
    term.textContent = name;
    details.textContent = description;
    element(id).append(term, details);
  }
};

const describe = async () => {
  const { paths, components } = await (await fetch('swagger.json')).json();
  const settings = Object.entries(components.schemas.Row.properties).filter(([, { description }]) => description);
  list(
    'settings',
    settings.map(([name, { description, default: value }]) => [
      name,
      value === undefined ? description : `${description} (${JSON.stringify(value)})`,
    ]),
  );
  const { post } = paths['/score'];
  list(
    'statuses',
    Object.entries(post.responses).map(([status, { description }]) => [status, description]),
  );
  list(
    'paths',
    Object.entries(paths)
      .filter(([, { get }]) => get)
      .map(([path, { get }]) => [`GET ${path}`, get.summary]),
  );
};

const send = async () => {
  const key = element('key').value;
  const start = performance.now();
  const response = await fetch('score', {
    method: 'POST',
    headers: {
      accept: element('accept').value,
      'content-type': 'application/json',
      ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
    },
    body: element('request').value,
  });
  const body = await response.text();
  const seconds = ((performance.now() - start) / 1000).toFixed(2);
  element('status').textContent = `${response.status}, ${body.length} characters, ${seconds} s`;
  element('answer').textContent = body.length > MOST_SHOWN ? `${body.slice(0, MOST_SHOWN)}…` : body;
};

element('request').value = JSON.stringify(EXAMPLE, null, 2);
element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  element('status').textContent = 'Waiting for the server';
  send().catch((thrown) => {
    element('status').textContent = thrown.message;
  });
});
void describe();
