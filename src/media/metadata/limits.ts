/** How much of a picture's metadata is read. All of it is from outside; what is beyond a limit is left out with a warning. */

/** Bytes of one text, after decompression: the largest ComfyUI graphs, with pictures inside, are a few MiB. */
export const MAX_TEXT_BYTES = 8 * 2 ** 20;
/** Bytes of all texts of one picture, after decompression. */
export const MAX_ALL_TEXT_BYTES = 16 * 2 ** 20;
/** PNG chunks, RIFF chunks or JPEG segments looked at: libpng writes one for every 8 KiB, so 512 MiB have 65 536. */
export const MAX_CHUNKS = 200_000;
/** Boxes of one AVIF box: an honest file has a dozen. */
export const MAX_BOXES = 10_000;
/** Text chunks of one PNG that cannot be read: each may be decompressed to the last byte before that shows. */
export const MAX_DAMAGED = 8;
/** Text chunks kept of one PNG. */
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
/** Inputs of nodes looked at in the walks through one ComfyUI graph, and links followed one after another. */
export const MAX_GRAPH_STEPS = 1_000_000;
export const MAX_LINK_DEPTH = 20;
/** Links followed one after another to a prompt: control nets, reroutes and pipes come in long rows. */
export const MAX_TEXT_DEPTH = 200;
/** Characters of a prompt; the text encoders read a few hundred. */
export const MAX_PROMPT_CHARS = 100_000;
/** Warnings kept of one picture, and characters of one. */
export const MAX_WARNINGS = 20;
export const MAX_WARNING_CHARS = 200;
