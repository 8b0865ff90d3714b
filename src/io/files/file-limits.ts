/** Size limits of files from outside, by purpose: checked before a byte is read. */

const KIB = 2 ** 10;
const MIB = 2 ** 20;

export interface FileLimit {
  /** In messages: `a prompt`. */
  readonly what: string;
  readonly bytes: number;
}

export const FILE_LIMITS = {
  picture: { what: 'a picture', bytes: 512 * MIB },
  /** Twice the largest: float64 latents of a picture of 8192 × 8192. */
  latents: { what: 'a file of latents', bytes: 64 * MIB },
  /** A prompt's tokens beyond the 77th have no effect. */
  sidecar: { what: 'a prompt', bytes: 64 * KIB },
  /** A page at most. */
  settings: { what: 'a file of settings', bytes: MIB },
  /** `config.json` and similar files have a few KB. */
  modelConfig: { what: 'a configuration', bytes: MIB },
  /** The longest default is a negative prompt. */
  modelDefaults: { what: "a model's defaults", bytes: 64 * KIB },
  /** An index lists every tensor; SDXL's has about 200 KB. */
  weightIndex: { what: 'an index of weights', bytes: 16 * MIB },
  /** A line has some 100 bytes; a model in shards has some 50 files. */
  digests: { what: 'a list of digests', bytes: MIB },
  /** CLIP's largest file has 3.6 MB. */
  tokenizer: { what: "a tokenizer's file", bytes: 16 * MIB },
  /** Limit of a protobuf message, which may include weights. */
  network: { what: 'an exported network', bytes: 2 ** 31 - 1 },
  /** Mapped, or read in parts whose sizes are in the header. */
  weights: { what: 'a file of weights', bytes: Infinity },
  /** Read line by line. */
  manifest: { what: 'a manifest', bytes: Infinity },
  /** Read line by line, or at known offsets. */
  results: { what: 'the results of a run', bytes: Infinity },
  /** Read in chunks, for its digest. */
  output: { what: 'an output', bytes: Infinity },
  download: { what: 'a download', bytes: Infinity },
  /** A commit, a token, the holder of a lock. */
  note: { what: 'a note of a few words', bytes: 64 * KIB },
  /** Lists the inputs of a folder's runs, each at most as long as a command line. */
  runState: { what: 'a note of a run', bytes: 16 * MIB },
  request: { what: 'a request', bytes: 256 * MIB },
  certificate: { what: 'a certificate or key', bytes: MIB },
} as const satisfies Readonly<Record<string, FileLimit>>;

export type FileKind = keyof typeof FILE_LIMITS;
