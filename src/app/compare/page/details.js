import { element, make, rows } from './data.js';

/** What is said of a row: its prompt, its settings, and what went wrong. */
export const showDetails = (index) => {
  const row = rows[index];
  element('name').textContent = row.name;
  element('name').title = row.name;
  element('name').dataset.place = `${index + 1} / ${rows.length}`;
  say('error', row.error);
  // An error says by itself why there is no output.
  const sides = row.error === null ? [row.before, row.after] : [row.before];
  const notes = sides.flatMap(({ kind, note }) => (kind === 'missing' ? [note] : []));
  say('notes', notes.join(' '));
  say('prompt', row.prompt || (row.error === null ? '(no prompt)' : null));
  say('negative-prompt', row.negativePrompt);
  element('facts').replaceChildren(...row.facts.map(makeFact));
};

const makeFact = ([label, value]) => {
  const fact = make('div');
  fact.append(make('dt', '', label), make('dd', '', value));
  return fact;
};

const say = (id, text) => {
  element(id).textContent = text ?? '';
  element(id).hidden = !text;
};

/** The run in one line, where all rows agree. */
export const showRun = () => {
  const valueOf = (row, label) => row.facts.find(([name]) => name === label)?.[1];
  const common = ['model', 'device', 'scheduler'].flatMap((label) => {
    const values = new Set(rows.map((row) => valueOf(row, label)).filter((value) => value !== undefined));
    return values.size === 1 ? [...values] : [];
  });
  const count = `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`;
  element('run').textContent = [count, ...common].join(' · ');
};
