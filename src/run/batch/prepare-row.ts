/** Reads a row's picture or latents, prepares the engine's job from them, and encodes its output. */
import { readFileBytes } from '../../io/files/open-file.js';
import { encodePicture, PLAIN_PICTURE, type PictureExtras } from '../../media/image/encode-picture.js';
import { cropPicture, fitPicture, type FittedPicture } from '../../media/image/fit.js';
import { loadPicture, type LoadedPicture } from '../../media/image/load-picture.js';
import { readSource } from '../../media/image/read-source.js';
import type { RunMetadata } from '../../media/metadata/run-metadata.js';
import type { EngineJob, GenerateJob, RefineJob, RefineReply } from '../../records/job.js';
import { LATENT_SCALE } from '../../records/picture.js';
import type { NoiseStart, Row } from '../../records/row.js';
import { encodeLatents } from '../../models/weights/latents/encode-latents.js';
import { readLatents } from '../../models/weights/latents/read-latents.js';
import { NO_SOURCE_METADATA, readSourceMetadata, embedRunMetadata, type SourceMetadata } from './embed-metadata.js';

export interface PreparedRow<Job extends EngineJob = EngineJob> {
  job: Job;
  /** About the source: metadata and frames that cannot be kept. */
  warnings: readonly string[];
  /** For `encodeOutput`. */
  encodeContext: EncodeContext;
}

/** Reads an encoded picture's metadata: up to 16 MiB of text, which takes time. */
export type ReadSourceMetadata = (picture: Uint8Array) => SourceMetadata | Promise<SourceMetadata>;

/** Models and program version that made a picture, for its metadata. */
export type Producer = Pick<RunMetadata, 'model' | 'version' | 'baseModel'>;

export interface EncodedOutput {
  bytes: Uint8Array;
  /** Of the picture, or of the picture that the latents encode, in pixels. */
  width: number;
  height: number;
}

/** A row's input, before it is decoded. */
export interface RowInput {
  /** Distinguishes inputs: the bytes, or a URL that is not fetched yet. */
  identity: Uint8Array | string;
  /** The encoded picture, fetched once; null if there is none. */
  picture: (() => Promise<Uint8Array>) | null;
  prepare: () => Promise<PreparedRow>;
}

/** @throws IMAGE_* LATENTS_INVALID of the row; CANCELLED. `prepare` throws them too */
export const readRowInput = async (row: Row, signal: AbortSignal): Promise<RowInput> => {
  const { source } = row;
  switch (source.kind) {
    case 'noise':
      return {
        identity: `${source.width}x${source.height}`,
        picture: null,
        prepare: () => Promise.resolve(prepareNoise(row, source)),
      };
    case 'latents':
      return {
        /* Of a file that cannot be read, the error of latents says more. */
        identity: await readFileBytes(source.path, 'latents').catch(async () => {
          await readLatents(source.path);
          return readFileBytes(source.path, 'latents');
        }),
        picture: null,
        prepare: () => prepareLatents(row, source.path),
      };
    case 'url': {
      /* Fetched once: a second response may be another picture than the screened one. */
      let fetched: Promise<Uint8Array> | undefined;
      const picture = (): Promise<Uint8Array> => (fetched ??= readSource(source, { signal }));
      return { identity: source.url, picture, prepare: async () => preparePicture(row, await picture()) };
    }
    case 'file':
    case 'store':
    case 'inline': {
      const bytes = await readSource(source, { signal });
      return { identity: bytes, picture: () => Promise.resolve(bytes), prepare: () => preparePicture(row, bytes) };
    }
  }
};

type JobRow = Pick<Row, 'settings' | 'encoding' | 'generation'>;

/** The job of the base model, as without a refiner. */
export const noiseJob = (row: JobRow, input: NoiseStart): GenerateJob => ({
  ...sharedJobFields(row),
  input,
  keepLatents: row.generation?.latentsSuffix != null,
});

const prepareNoise = (row: Row, input: NoiseStart): PreparedRow => ({
  job: noiseJob(row, input),
  warnings: [],
  encodeContext: WITHOUT_SOURCE,
});

const prepareLatents = async (row: Row, path: string): Promise<PreparedRow> => ({
  job: jobOf(row, { kind: 'latents', latents: await readLatents(path) }),
  warnings: [],
  encodeContext: WITHOUT_SOURCE,
});

/** @param bytes of the row's encoded picture @param readMetadata in this thread or another @throws IMAGE_UNDECODABLE IMAGE_TOO_LARGE */
export const preparePicture = async (
  row: Row,
  bytes: Uint8Array,
  readMetadata: ReadSourceMetadata = readSourceMetadata,
): Promise<PreparedRow<RefineJob>> => {
  const picture = await loadPicture(bytes, row.sourceText ?? '');
  const { pixels, crop } = await fitPicture(picture.pixels, row.fit);
  const { alpha, exif, density, profile } = picture;
  const keepsMetadata = row.encoding?.metadata !== false;
  const extras = keepsMetadata ? { alpha, exif, density, profile } : { ...PLAIN_PICTURE, alpha };
  const source = keepsMetadata ? await readMetadata(bytes) : NO_SOURCE_METADATA;
  return {
    job: jobOf(row, { kind: 'pixels', pixels }),
    warnings: [...framesWarning(picture), ...source.warnings],
    encodeContext: { crop, extras, source },
  };
};

/** The other frames are lost, which a file of the same name would not tell. */
const framesWarning = ({ frames, format }: LoadedPicture): string[] =>
  frames > 1 ? [`It has ${frames} ${format === 'tiff' ? 'pages' : 'frames'}; only the first is refined.`] : [];

const jobOf = (row: Row, input: RefineJob['input']): RefineJob => ({ ...sharedJobFields(row), input });

const sharedJobFields = ({ settings, encoding }: JobRow): Omit<RefineJob, 'input'> => ({
  settings,
  output: encoding === null ? 'latents' : 'pixels',
  bitDepth: encoding?.bitDepth ?? 8,
});

/** Input data that the output needs: crop, alpha and metadata. */
export interface EncodeContext {
  crop: FittedPicture['crop'];
  extras: PictureExtras;
  source: SourceMetadata;
}

/** For an output without an input picture. */
const WITHOUT_SOURCE: EncodeContext = { crop: null, extras: PLAIN_PICTURE, source: NO_SOURCE_METADATA };

/** Encodes the engine's output as a file: cropped, with the input's alpha and metadata. */
export const encodeOutput = async (
  row: Row,
  { crop, extras, source }: EncodeContext,
  { output: refined, scheduler, stepsRun }: RefineReply,
  producer: Producer,
): Promise<EncodedOutput> => {
  if (refined.kind === 'latents') {
    const { width, height } = refined.latents;
    return { bytes: encodeLatents(refined.latents), width: width * LATENT_SCALE, height: height * LATENT_SCALE };
  }
  if (row.encoding === null) throw new Error('the engine gave a picture where latents were asked for');
  const pixels = cropPicture(refined.pixels, crop);
  const { width, height } = pixels;
  const bytes = await encodePicture(pixels, row.encoding, extras);
  if (!row.encoding.metadata) return { bytes, width, height };
  const generation = row.generation === undefined ? {} : { generation: row.generation };
  const run = {
    ...{ ...producer, ...generation, settings: row.settings, scheduler, stepsRun, width, height },
    source: source.generation,
  };
  return { bytes: embedRunMetadata(bytes, row.encoding.format, run, source.kept), width, height };
};
