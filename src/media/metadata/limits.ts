/** Limits for untrusted picture metadata. What is beyond one is ignored: texts, JSON and prompts with a warning, entries of lists without. */

/** Bytes of one text, decompressed: the largest ComfyUI graphs, with embedded pictures, have a few MiB. */
export const MAX_TEXT_BYTES = 8 * 2 ** 20;
/** Bytes of all texts of one picture, decompressed. */
export const MAX_ALL_TEXT_BYTES = 16 * 2 ** 20;
/** PNG chunks, RIFF chunks or JPEG segments read: libpng writes one for every 8 KiB, so 512 MiB have 65 536. */
export const MAX_CHUNKS = 200_000;
/** Boxes in one AVIF box: normal files have a dozen. */
export const MAX_BOXES = 10_000;
/** Unreadable text chunks of one PNG: each may be decompressed to the last byte before it fails. */
export const MAX_DAMAGED = 8;
/** Text chunks read from one PNG. */
export const MAX_TEXTS = 1000;
/** Entries of one EXIF directory. */
export const MAX_EXIF_ENTRIES = 1000;
/** Characters of a text that is read line by line: A1111's `parameters`, InvokeAI's `Dream`, XMP. */
export const MAX_INFOTEXT_CHARS = 2 ** 20;
/** Pairs read from A1111's last line, and characters of a key. */
export const MAX_PAIRS = 1000;
export const MAX_KEY_CHARS = 100;
/** Levels of nesting in JSON. */
export const MAX_JSON_DEPTH = 100;
/** Braces, brackets, colons and commas in JSON: a bound on what the parser allocates. A graph of 1000 nodes has about 40 000. */
export const MAX_JSON_TOKENS = 300_000;
/** Inputs of one ComfyUI node; the largest have some dozens. */
export const MAX_NODE_INPUTS = 500;
/** Characters of a node's type and of its inputs' names, which are searched at every visit. */
export const MAX_NODE_NAME_CHARS = 200;
/** Node inputs visited in all walks through one ComfyUI graph, and consecutive links followed. */
export const MAX_GRAPH_STEPS = 1_000_000;
export const MAX_LINK_DEPTH = 20;
/** Consecutive links followed to a prompt: control nets, reroutes and pipes form long chains. */
export const MAX_TEXT_DEPTH = 200;
/** Characters of a prompt; the text encoders read a few hundred. */
export const MAX_PROMPT_CHARS = 100_000;
/** Warnings per picture, and characters per warning. */
export const MAX_WARNINGS = 20;
export const MAX_WARNING_CHARS = 200;
