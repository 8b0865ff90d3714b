import { readFileSync } from 'node:fs';
import { ROW_KEYS, ROW_KEY_NAMES, rowKeyOf } from '#src/run/manifest/rows/row-keys.js';

const docs = readFileSync(new URL('../../../../../../docs/manifest.md', import.meta.url), 'utf8');

/** Cells of the documented row of a key. */
const documented = (name: string): string[] =>
  docs
    .split('\n')
    .filter((line) => line.startsWith(`| \`${name}\` |`))
    .flatMap((line) => line.split('|').slice(2, -1))
    .map((cell) => cell.trim());

describe('ROW_KEYS', () => {
  it.each(ROW_KEY_NAMES)('documents %s with its default, its other names and whether it is an option', (name) => {
    const key = ROW_KEYS[name];
    const [value, byDefault, option] = documented(name);
    expect(byDefault?.replaceAll('`', '')).toBe(key.defaultText.replaceAll('`', ''));
    expect(option).toBe(key.isOption ? '✓' : '–');
    for (const alias of key.aliases) expect(value).toContain(`\`${alias}\``);
  });

  it('has defaults that its own schemas accept', () => {
    for (const name of ROW_KEY_NAMES) {
      const { schema, default: byDefault } = ROW_KEYS[name];
      if (byDefault !== null) expect(schema.safeParse(byDefault)).toMatchObject({ success: true, data: byDefault });
    }
  });

  it('knows each spelling exactly', () => {
    expect(rowKeyOf('num_inference_steps')).toBe('steps');
    expect(rowKeyOf('steps')).toBe('steps');
    expect(rowKeyOf('Steps')).toBeUndefined();
    expect(rowKeyOf('__proto__')).toBeUndefined();
    expect(rowKeyOf('constructor')).toBeUndefined();
  });
});
