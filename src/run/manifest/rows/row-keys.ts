/** The table of a row's keys, for manifests, command-line options and documentation. */
import { z } from 'zod';
import {
  filledText,
  loraWeight,
  number,
  oneOf,
  prompt,
  rowKey,
  seed,
  side,
  steps,
  type RowCommand,
  type RowKey,
} from '../../../records/setting-kinds.js';
import { SETTINGS } from '../../../records/setting-table.js';

export const ROW_KEYS = {
  image: rowKey({
    ...filledText,
    help: "picture to refine: a path relative to the manifest's folder, an http(s) or file URL, a data: URL or base64",
    docs: "a path relative to the manifest's folder (to the working directory for standard input), an `s3://`, `gs://` or `az://` URI ([object-storage.md](object-storage.md)), an `http(s)` or `file` URL (through `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, except hosts in `NO_PROXY`), a `data:` URL, or base64 of a picture. At most 8192×8192 pixels, counted in blocks of 8×8, and 16 384 on a side; TIFF and PNG samples of 8 or 16 bits, other sample types are refused, and the message names them",
    defaultText: 'required, unless `latents` is there',
    synonyms: ['file_name', 'image_file_name', 'image_path', 'filename', 'file', 'path'],
    isOption: false,
    only: 'batch',
  }),
  latents: rowKey({
    ...filledText,
    help: 'a .safetensors, .npy, .pt or .pth file with latents [1,4,h,w], instead of image',
    docs: 'a `.safetensors`, `.npy`, `.pt` or `.pth` file with latents [1,4,h,w], instead of `image`. A `torch.save` file must have one tensor, alone or in a dictionary or list, in float32, float16 or bfloat16; its pickle is never run',
    isOption: false,
    only: 'batch',
  }),
  ...SETTINGS,
  fit: rowKey({
    ...oneOf('pad', 'resize'),
    default: 'pad',
    help: 'sides that are not multiples of 8: extend and crop back, or resize down as diffusers does',
    docs: '`pad`: the picture is extended at its edges to multiples of 8, and the result cropped back. `resize`: it is resized down to multiples of 8, as in diffusers',
    only: 'batch',
  }),
  width: rowKey({
    ...side,
    help: 'width of the picture in pixels',
    docs: 'of the picture, in pixels: a multiple of 8, 8 to 8192',
  }),
  height: rowKey({
    ...side,
    help: 'height of the picture in pixels',
    docs: 'of the picture, in pixels: a multiple of 8, 8 to 8192',
  }),
  count: rowKey({
    kind: 'number',
    schema: z.int().min(1).max(10_000),
    expected: 'an integer from 1 to 10000',
    default: 1,
    help: 'pictures of this prompt: the second has the next seed, and so on',
    docs: '1 to 10000: the number of pictures for the prompt, each with its own line of the results. The second has `seed` + 1, the third `seed` + 2, and so on',
    only: 'generate',
  }),
  handoff: rowKey({
    kind: 'number',
    schema: z.number().gt(0).lt(1),
    expected: 'a number above 0 and below 1',
    default: 0.8,
    help: 'ensemble: share of the schedule after which the refiner continues',
    docs: 'above 0, below 1: in an ensemble, the share of the schedule after which the refiner continues',
    only: 'generate',
  }),
  refiner_prompt: rowKey({
    ...prompt,
    help: "the refiner's prompt",
    docs: "text: the refiner's own prompt",
    defaultText: '`prompt`',
    only: 'generate',
  }),
  refiner_negative_prompt: rowKey({
    ...prompt,
    help: "the refiner's negative prompt",
    docs: "text: the refiner's own negative prompt",
    defaultText: '`negative_prompt`',
    only: 'generate',
  }),
  refiner_steps: rowKey({
    ...steps,
    help: "two stages: length of the refiner's schedule",
    docs: "1 to 1000: with two stages, the length of the refiner's schedule. An ensemble has one schedule",
    defaultText: '`steps`',
    only: 'generate',
  }),
  refiner_guidance_scale: rowKey({
    ...number,
    help: "the refiner's guidance",
    docs: "number: the refiner's own guidance",
    defaultText: '`guidance_scale`',
    only: 'generate',
  }),
  refiner_scheduler: rowKey({
    ...filledText,
    help: "two stages: the refiner's scheduler",
    docs: "with two stages, the refiner's own scheduler. An ensemble has one schedule",
    defaultText: '`scheduler`',
    only: 'generate',
  }),
  refiner_seed: rowKey({
    ...seed,
    help: "seed of the refiner's noise",
    docs: 'integer, as `seed`: for the noise that the refiner adds and its scheduler draws',
    defaultText: '`seed` + 1',
    only: 'generate',
  }),
  format: rowKey({
    ...oneOf('png', 'jpeg', 'webp', 'avif', 'tiff'),
    help: 'format of the picture, unless output has an extension',
    docs: '`"png"`, `"jpeg"`, `"webp"`, `"avif"` or `"tiff"`: the format of the output. It must agree with the extension of the row\'s `output`; an extension beats the option',
    defaultText: '`png`',
  }),
  quality: rowKey({
    kind: 'number',
    schema: z.int().min(1).max(100),
    expected: 'an integer from 1 to 100',
    help: 'quality of jpeg, webp and avif: higher is more exact and larger',
    docs: '1 to 100, for jpeg, webp and avif: higher is more exact and larger. With other formats the option has no effect, and the key is refused',
    defaultText: '90; of avif 75',
  }),
  bit_depth: rowKey({
    kind: 'number',
    schema: z.union([z.literal(8), z.literal(16)]),
    expected: '8 or 16',
    help: 'bits of a channel; 16 for png and tiff',
    docs: "bits of a channel: 8 or 16; 16 only for png and tiff. The decoder's float output is rounded to 65536 levels",
    defaultText: '8',
  }),
  lora_weights: rowKey({
    kind: 'object',
    schema: z.record(z.string().min(1), loraWeight).readonly(),
    expected:
      'an object of numbers by the names of LoRAs, such as {"ink":0.5} or {"ink":{"text_encoder":0.5,"unet":1}}',
    help: 'weights of LoRAs in this row, by file name without extension',
    docs: '`{"ink":0.5}`: weights of [LoRAs](models.md#adapters) in this row, by name; any numbers. `{"ink":{"text_encoder":0.5,"unet":1}}` for different ones. In CSV the same text in a cell',
    defaultText: 'the weights that `--lora` gives',
    isOption: false,
  }),
  id: rowKey({
    ...filledText,
    help: 'any text, unique in the run, returned unchanged',
    docs: 'any text, unique in the run; the result has it unchanged',
    isOption: false,
  }),
  output: rowKey({
    ...filledText,
    help: 'file name inside the output folder; its extension sets the format, .safetensors means latents',
    docs: 'a file name inside the output folder, `/` between folders. Its extension sets the format: `.png`, `.jpg` or `.jpeg`, `.webp`, `.avif`, `.tiff` or `.tif`, or `.safetensors` for latents; without one it gets the extension of the format',
    defaultText: "the picture's own name with the format's extension, else `row-000012.png`",
    isOption: false,
  }),
};

export type RowKeyName = keyof typeof ROW_KEYS;

/** Values of some keys, each checked separately. */
export type RowValues = { -readonly [Name in RowKeyName]?: z.infer<(typeof ROW_KEYS)[Name]['schema']> };

export const ROW_KEY_NAMES = Object.keys(ROW_KEYS) as readonly RowKeyName[];

/** The keys of a command's rows. */
export const rowKeyNames = (command: RowCommand): readonly RowKeyName[] =>
  ROW_KEY_NAMES.filter((name) => ROW_KEYS[name].only === null || ROW_KEYS[name].only === command);

/** Keys by accepted spelling. */
const SPELLINGS: ReadonlyMap<string, RowKeyName> = new Map(
  ROW_KEY_NAMES.flatMap((name) => [name, ...ROW_KEYS[name].aliases].map((spelling) => [spelling, name] as const)),
);

/** All accepted spellings of a command's keys. */
export const spellingsOf = (command: RowCommand): readonly string[] => SPELLINGS_OF[command];

const allSpellings = (command: RowCommand): readonly string[] =>
  rowKeyNames(command).flatMap((name) => [name, ...ROW_KEYS[name].aliases]);
const SPELLINGS_OF = { batch: allSpellings('batch'), generate: allSpellings('generate') };

/** The key of an exact spelling; undefined for an unknown key. */
export const rowKeyOf = (spelling: string): RowKeyName | undefined => SPELLINGS.get(spelling);

const withSynonyms = (command: RowCommand): readonly RowKeyName[] =>
  rowKeyNames(command).filter((name) => ROW_KEYS[name].synonyms.length > 0);
const WITH_SYNONYMS = { batch: withSynonyms('batch'), generate: withSynonyms('generate') };

/** The keys of a command that have synonyms. */
export const keysWithSynonyms = (command: RowCommand): readonly RowKeyName[] => WITH_SYNONYMS[command];

/** Whether a name is a key's spelling or synonym. */
export const isSpelling = (name: string): boolean =>
  rowKeyOf(name) !== undefined || ROW_KEY_NAMES.some((key) => (ROW_KEYS[key] as RowKey).synonyms.includes(name));
