/** Parses the files of a `tokenizer/` folder, in both layouts of transformers. */
import { z } from 'zod';
import { RefineError } from '../../../errors.js';
import { cutText } from '../../../io/json/json-text.js';
import { parseJson as parseWithin } from '../../../io/json/parse-json.js';
import type { AddedToken, TokenizerParts } from './tokenizer.js';

export const TOKENIZER_FILES = [
  'vocab.json',
  'merges.txt',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
] as const;

/** Contents of the files: `vocab.json` with `merges.txt`, or (transformers 5) `tokenizer.json`. */
export type TokenizerFiles = Readonly<Partial<Record<(typeof TOKENIZER_FILES)[number], string | undefined>>>;

/** Positions of CLIP's text encoders. */
const CLIP_LENGTH = 77;
const BEGIN = '<|startoftext|>';
const END = '<|endoftext|>';

/** Tokens that absorb spaces around them, or match whole words only: no CLIP tokenizer has any. */
const no = z.literal(false).default(false);
/** Added tokens, each searched for in a prompt: a model has a few, or some hundred with embeddings in its vocabulary. */
const MAX_ADDED = 5000;
const MAX_ADDED_LENGTH = 200;
/** Ids have 32 bits. */
const MAX_ID = 2 ** 31 - 1;

const tokenSchema = z.object({
  content: z.string().min(1).max(MAX_ADDED_LENGTH),
  normalized: z.boolean().default(false),
  lstrip: no,
  rstrip: no,
  single_word: no,
});
const namedSchema = z.union([z.string().transform((content) => ({ content, normalized: false })), tokenSchema]);
type NamedToken = z.infer<typeof namedSchema>;
const namesSchema = z.object({
  bos_token: namedSchema.optional(),
  eos_token: namedSchema.optional(),
  unk_token: namedSchema.optional(),
  pad_token: namedSchema.optional(),
});
const configSchema = namesSchema.extend({
  tokenizer_class: z.enum(['CLIPTokenizer', 'CLIPTokenizerFast']).optional(),
  model_max_length: z.int().min(2).max(CLIP_LENGTH).default(CLIP_LENGTH),
  added_tokens_decoder: z.record(z.string().regex(/^\d{1,9}$/), tokenSchema).optional(),
});
const tokenizerSchema = z.object({
  added_tokens: z.array(tokenSchema.extend({ id: z.int().min(0).max(MAX_ID) })),
  model: z.object({
    type: z.literal('BPE'),
    end_of_word_suffix: z.literal('</w>'),
    vocab: z.unknown(),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()]).transform((pair) => pair.join(' '))])),
  }),
});

/**
 * @param where the folder, for messages
 * @throws MODEL_CONFIG_INVALID naming the file
 */
export const parseTokenizerFiles = (files: TokenizerFiles, where: string): TokenizerParts => {
  const configPath = `${where}/tokenizer_config.json`;
  const config = read(configSchema, parseJson(files['tokenizer_config.json'] ?? '{}', configPath), configPath);
  const { vocab, merges, listed = listedIn(config) } = parsePairs(files, where);

  // The list of added tokens replaces `special_tokens_map.json` in newer files.
  const map = files['special_tokens_map.json'];
  const mapPath = `${where}/special_tokens_map.json`;
  const names = listed.length > 0 || map === undefined ? {} : read(namesSchema, parseJson(map, mapPath), mapPath);
  const { bos_token: begin, eos_token: end, unk_token: unknown, pad_token: pad } = { ...config, ...names };

  if (listed.length > MAX_ADDED) throw invalid(where, `adds ${listed.length} tokens, more than ${MAX_ADDED}`);
  const added = new Map<string, AddedToken>(listed.map((token) => [token.content, token]));
  const idOf = (token: NamedToken | undefined, fallback: string): number => {
    const { content, normalized } = token ?? { content: fallback, normalized: false };
    const id = added.get(content)?.id ?? vocab.get(content);
    if (id === undefined) throw invalid(where, `has no id for the token ${shown(content)}`);
    if (listed.length === 0 || !added.has(content)) added.set(content, { content, id, normalized });
    return id;
  };
  const ids = { begin: idOf(begin, BEGIN), end: idOf(end, END), unknown: idOf(unknown, END), pad: idOf(pad, END) };
  return { vocab, merges, config: { ...ids, addedTokens: [...added.values()], maxLength: config.model_max_length } };
};

const listedIn = (config: z.infer<typeof configSchema>): AddedToken[] =>
  Object.entries(config.added_tokens_decoder ?? {}).map(([id, token]) => ({ ...token, id: Number(id) }));

interface Pairs {
  vocab: Map<string, number>;
  merges: string[];
  listed?: AddedToken[];
}

const parsePairs = (files: TokenizerFiles, where: string): Pairs => {
  const whole = files['tokenizer.json'];
  if (files['vocab.json'] === undefined && whole !== undefined) {
    const path = `${where}/tokenizer.json`;
    const { model, added_tokens: listed } = read(tokenizerSchema, parseJson(whole, path), path);
    return { vocab: parseVocab(model.vocab, path), merges: model.merges, listed };
  }
  const vocabPath = `${where}/vocab.json`;
  const vocab = parseVocab(parseJson(need(files, 'vocab.json', where), vocabPath), vocabPath);
  return { vocab, merges: parseMerges(need(files, 'merges.txt', where), `${where}/merges.txt`) };
};

const need = (files: TokenizerFiles, name: keyof TokenizerFiles, where: string): string => {
  const text = files[name];
  if (text === undefined) throw invalid(`${where}/${name}`, 'is missing');
  return text;
};

/** JSON tokens: 2 for each entry of the vocabulary, up to 4 for each merge. CLIP has 49 408 entries and 48 894 merges. */
const LIMITS = { maxDepth: 16, maxTokens: 2_000_000 };

const parseJson = (text: string, path: string): unknown => parseWithin(text, LIMITS, (what) => invalid(path, what));

const read = <Schema extends z.ZodType>(schema: Schema, value: unknown, path: string): z.infer<Schema> => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [{ path: keys, message } = { path: [], message: '' }] = parsed.error.issues;
  throw invalid(path, `is not supported: ${cutText(keys.join('.'), MAX_SHOWN)}: ${cutText(message, MAX_SHOWN)}`);
};

const parseVocab = (value: unknown, path: string): Map<string, number> => {
  if (typeof value !== 'object' || value === null) throw invalid(path, 'has no table of tokens');
  const vocab = new Map<string, number>(Object.entries(value));
  for (const [token, id] of vocab) {
    if (!Number.isInteger(id) || id < 0 || id > MAX_ID)
      throw invalid(path, `gives ${shown(token)} an id that is no integer from 0 to ${MAX_ID}`);
  }
  return vocab;
};

const parseMerges = (text: string, path: string): string[] => {
  const merges = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  const bad = merges.find((pair) => !/^\S+ \S+$/.test(pair));
  if (bad !== undefined) throw invalid(path, `has a line that is not a pair of tokens: ${shown(bad)}`);
  return merges;
};

/** A token for a message. */
const shown = (token: string): string => JSON.stringify(cutText(token, MAX_SHOWN));
const MAX_SHOWN = 80;

const invalid = (path: string, what: string): RefineError =>
  new RefineError('MODEL_CONFIG_INVALID', `${path} ${what}. Expected a CLIP tokenizer's files; download them again.`, {
    context: { file: path },
  });
