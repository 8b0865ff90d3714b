import type { BegunRow, EndedRow, RowProcessor, ProcessorContext } from '#src/run/batch/row-processor.js';
import { leavingOut } from '#src/app/cli/options/named-loras.js';
import { printWarnings } from '#src/app/cli/progress/print-warnings.js';

it('says each note of the engine once, and stops at a hundred', async () => {
  let text = '';
  const stderr = { write: (more: string) => (text += more) } as unknown as NodeJS.WritableStream;
  const rows = Array.from({ length: 300 }, (_, n) => ({
    kind: 'refined',
    ready: { row: {}, prepared: { warnings: [] } },
    reply: { warnings: ['same', `${n}`] },
  }));
  async function* run(): AsyncGenerator<EndedRow> {
    yield* (await Promise.resolve(rows)) as unknown as EndedRow[];
  }
  const work = printWarnings({ run } as unknown as RowProcessor, stderr);
  let count = 0;
  for await (const _ of work.run([] as unknown as AsyncIterable<BegunRow>, {} as ProcessorContext)) count++;
  expect(count).toBe(300);
  const lines = text.trim().split('\n');
  expect(lines).toHaveLength(101);
  expect(lines.slice(0, 3)).toEqual(['Note: same', 'Note: 0', 'Note: 1']);
  expect(lines.at(-1)).toBe('Note: more notes are in the results, under warnings.');
});

it('the number of slots is asked when the model is open', async () => {
  let slots = 1;
  const work = printWarnings(
    leavingOut({ slots: () => slots, open: () => Promise.resolve({}) } as unknown as RowProcessor, null),
    { write: () => true },
  );
  await work.open(new AbortController().signal);
  slots = 4;
  expect(work.slots()).toBe(4);
});
