import { element, make, rows } from './data.js';

/** Shows a row's prompt, settings and error. */
export const showDetails = (index) => {
  const row = rows[index];
  element('name').textContent = row.name;
  element('name').title = row.name;
  element('name').dataset.place = `${index + 1} / ${rows.length}`;
  setText('error', row.error);
  // The error already explains the missing output.
  const sides = row.error === null ? [row.before, row.after] : [row.before];
  const notes = sides.flatMap(({ kind, note }) => (kind === 'missing' ? [note] : []));
  setText('notes', notes.join(' '));
  setText('prompt', row.prompt || (row.error === null ? '(no prompt)' : null));
  setText('negative-prompt', row.negativePrompt);
  element('row-details').replaceChildren(...row.details.map(makeDetail));
};

const makeDetail = ([label, value]) => {
  const detail = make('div');
  detail.append(make('dt', '', label), make('dd', '', value));
  return detail;
};

const setText = (id, text) => {
  element(id).textContent = text ?? '';
  element(id).hidden = !text;
};

/** Shows the run in one line: the number of rows, and the settings that all rows share. */
export const showRun = () => {
  const valueOf = (row, label) => row.details.find(([name]) => name === label)?.[1];
  const common = ['model', 'device', 'scheduler'].flatMap((label) => {
    const values = new Set(rows.map((row) => valueOf(row, label)).filter((value) => value !== undefined));
    return values.size === 1 ? [...values] : [];
  });
  const count = `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`;
  element('run').textContent = [count, ...common].join(' · ');
};
