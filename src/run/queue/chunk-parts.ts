/** Results of a chunk's rows before it is finished: each holder has an object of its own, and overwrites no other. */
import { z } from 'zod';
import { jsonText } from '../../io/json/json-text.js';
import { parseExactObject } from '../../io/json/parse-json.js';
import type { Store } from '../../io/store/store.js';
import type { ResultRecord } from '../../records/result.js';
import { parseRecord } from '../results/parse-record.js';
import { partsFolder } from './store-names.js';

/** Results by the row's place in the chunk. */
export type PartResults = Map<number, ResultRecord>;

const MAX_PART_BYTES = 512 * 2 ** 20;
const LIMITS = { maxDepth: 80, maxTokens: 1_000_000 };
const line = z.object({ at: z.int().min(0), result: z.looseObject({}) });

/** The first result of each row counts. Lines that are not results are passed over: their rows run again. */
export const readParts = async (store: Store, chunk: number): Promise<PartResults> => {
  const results: PartResults = new Map();
  for await (const { name } of store.list(partsFolder(chunk))) {
    const text = Buffer.from(await store.read(name, { maxBytes: MAX_PART_BYTES })).toString('utf8');
    for (const one of text.split('\n')) addLine(one, results);
  }
  return results;
};

const addLine = (text: string, results: PartResults): void => {
  if (text === '') return;
  try {
    const { at, result } = line.parse(parseExactObject(text, LIMITS, (what) => new Error(what)).exact);
    const parsed = parseRecord(Buffer.from(jsonText(result)));
    if ('record' in parsed && !results.has(at)) results.set(at, parsed.record);
  } catch {
    /* Not a result. */
  }
};

export const writePart = (store: Store, chunk: number, holder: string, results: PartResults): Promise<void> => {
  const lines = [...results].map(([at, result]) => `${jsonText({ at, result })}\n`);
  return store.write(`${partsFolder(chunk)}${holder}.jsonl`, Buffer.from(lines.join('')));
};

/** Once the chunk's results are in the store. */
export const removeParts = async (store: Store, chunk: number): Promise<void> => {
  for await (const { name } of store.list(partsFolder(chunk))) await store.remove(name);
};
