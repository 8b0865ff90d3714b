/** Describes the endpoint from swagger.json, with a form to try it. */
const element = (id) => document.getElementById(id);

/** An 8 × 8 picture for the example request. */
const GREY = 'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAD0lEQVR42mNowAEYhpYEAILzYAEllbNjAAAAAElFTkSuQmCC';
const EXAMPLE = {
  input_data: { columns: ['image', 'prompt'], index: [0], data: [[GREY, 'a cat in the snow']] },
  params: { strength: 0.3, steps: 20, seed: 7 },
};
/** Characters shown of a response, and of a picture's base64 in it. */
const MAX_SHOWN = 5000;
const MAX_SHOWN_BASE64 = 40;

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

/** Results in a response, plain or as events; [] for an error. */
const resultsIn = (body) => {
  const text = /^event: result\ndata: (.*)$/m.exec(body)?.[1] ?? body;
  try {
    const results = JSON.parse(text);
    return Array.isArray(results) ? results : [];
  } catch {
    return [];
  }
};

const showPicture = ({ prompt, generated_image: image }) => {
  const [figure, caption] = [document.createElement('figure'), document.createElement('figcaption')];
  caption.textContent = image === '' ? `${prompt} (blocked)` : prompt;
  if (image !== '') {
    const picture = document.createElement('img');
    picture.alt = 'Refined picture';
    /* Browsers detect the format from the bytes. */
    picture.src = `data:image/png;base64,${image}`;
    figure.append(picture);
  }
  figure.append(caption);
  return figure;
};

/** Shortens base64 in a response. */
const shorten = (body) =>
  body.replace(
    new RegExp(`("generated_image":"[^"]{${MAX_SHOWN_BASE64}})[^"]+`, 'g'),
    (whole, start) => `${start}… (${whole.length - '"generated_image":"'.length} characters)`,
  );

const showAnswer = (body) => {
  element('pictures').replaceChildren(...resultsIn(body).map(showPicture));
  const text = shorten(body);
  element('answer').textContent = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
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
  showAnswer(body);
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
