/** Scores a request: from its body to the results of its rows, for `serve` and `score`. */
import {
  encodeOutput,
  preparePicture,
  type EncodeContext,
  type ReadSourceMetadata,
} from '../../run/batch/prepare-row.js';
import type { EngineInfo } from '../../run/engine/protocol.js';
import { isRefineError, RefineError } from '../../errors.js';
import type { FetchOptions } from '../../media/image/fetch-picture.js';
import { paddedPixelCount } from '../../media/image/fit.js';
import { openPicture } from '../../media/image/open-picture.js';
import { readSource } from '../../media/image/read-source.js';
import type { Pixels } from '../../records/picture.js';
import type { EngineJob, RefineReply } from '../../records/job.js';
import type { Row } from '../../records/row.js';
import { isBlocked, nsfwOf, type Screening } from '../../run/safety/screening.js';
import type { RequestLimits } from './requests/parse-request.js';
import type { ReadRequest, RequestRow } from './requests/read-request.js';

/** A row of the response (Azure ML, model card of stable-diffusion-xl-refiner-1-0). */
export interface ScoreResult {
  /** The row's prompt. */
  prompt: string;
  /** Base64 of a picture file; '': the row is blocked. */
  generated_image: string;
  nsfw_content_detected: boolean | null;
}

export interface ScoreLimits extends RequestLimits {
  /** Most pixels (width × height) of a picture. */
  maxPixels: number;
}

export interface ScoreStep {
  row: number;
  step: number;
  steps: number;
  preview?: Pixels;
}

/** The engine, as scoring uses it. */
export interface Refiner {
  /** Waits for its turn, and then calls `prepare`. */
  refine: (prepare: () => Promise<EngineJob>, on: RefineHooks) => Promise<RefineReply>;
  info: () => EngineInfo;
}

export interface RefineHooks {
  signal: AbortSignal;
  onStep: (step: number, steps: number, preview?: Pixels) => void;
}

export interface ScoreOptions {
  refiner: Refiner;
  /** Called with warnings of rows, for which the response has no field. */
  onWarning?: (warning: string, row: number) => void;
  read: ReadRequest;
  /** Default: reads on this thread. */
  readMetadata?: ReadSourceMetadata;
  drawSeed: () => number;
  limits: ScoreLimits;
  /** `maxBytes` is for all pictures of a request together, `timeoutMs` for each. */
  fetching: Required<Pick<FetchOptions, 'request' | 'maxBytes' | 'timeoutMs'>>;
  screening: Screening;
  /** The program's version, for the pictures' metadata. */
  version: string;
}

export interface ScoreCall {
  signal: AbortSignal;
  /** Called with the number of fetched bytes that the request adds to its body. @throws SERVER_BUSY */
  hold?: (bytes: number) => void;
  /** Called with the number of rows, once all are valid. */
  onAccepted?: (rows: number) => void;
  /** Called with each row's result. */
  onResult?: (result: ScoreResult) => void;
  /** null: no client listens for events, so no previews are made. */
  onStep: ((step: ScoreStep) => void) | null;
}

/** @throws REQUEST_* ROW_* IMAGE_* URL_FORBIDDEN, the errors of refining, and the signal's reason */
export const score = async (body: Uint8Array, options: ScoreOptions, call: ScoreCall): Promise<ScoreResult[]> => {
  const { signal } = call;
  const read = await options.read(body, options.drawSeed());
  signal.throwIfAborted();
  const rows = read.map(({ row }) => row);
  for (const { index, warnings = [] } of rows) for (const warning of warnings) options.onWarning?.(warning, index);
  /* Reads all pictures before any work, so that an invalid row does not waste the time of the others. */
  const pictures = await readPictures(read, options, call);
  call.onAccepted?.(rows.length);
  const results: ScoreResult[] = [];
  for (const [index, row] of rows.entries()) {
    const picture = pictures[index];
    if (picture === undefined) throw new Error(`row ${index} has no picture`);
    const result = await ofRow(row, () => scoreRow(row, picture, options, call));
    call.onResult?.(result);
    results.push(result);
  }
  return results;
};

/** Reads pictures one after the other, because `maxBytes` is for all together. */
const readPictures = async (
  rows: readonly RequestRow[],
  { fetching, limits }: ScoreOptions,
  { signal, hold }: ScoreCall,
): Promise<Uint8Array[]> => {
  const pictures: Uint8Array[] = [];
  let { maxBytes } = fetching;
  for (const { row, picture } of rows) {
    const options = { ...fetching, maxBytes, signal, ...(hold === undefined ? {} : { onBytes: hold }) };
    pictures.push(
      await ofRow(row, async () => {
        const bytes = picture ?? (await fetchSource(row, options));
        await refuseLarge(bytes, row, limits);
        return bytes;
      }),
    );
    if (picture === null) maxBytes -= pictures.at(-1)?.length ?? 0;
  }
  return pictures;
};

const fetchSource = async ({ source }: Row, fetching: FetchOptions): Promise<Uint8Array> => {
  if (source.kind !== 'url') throw new Error(`a request cannot name a ${source.kind}`);
  return readSource(source, fetching).catch((thrown: unknown) => {
    /* The deadline, the server or the client stopped it: throw that reason. */
    fetching.signal?.throwIfAborted();
    throw thrown;
  });
};

const refuseLarge = async (bytes: Uint8Array, { sourceText }: Row, { maxPixels }: ScoreLimits): Promise<void> => {
  const { header } = await openPicture(bytes, sourceText ?? '');
  if (paddedPixelCount(header) <= maxPixels) return;
  const { width, height } = header;
  throw new RefineError(
    'IMAGE_TOO_LARGE',
    `Expected a picture of at most ${maxPixels} pixels (--max-pixels; sides count as multiples of 8), found ${width}×${height}. Scale it down.`,
  );
};

const scoreRow = async (
  row: Row,
  picture: Uint8Array,
  { refiner, screening, version, readMetadata }: ScoreOptions,
  { signal, onStep }: ScoreCall,
): Promise<ScoreResult> => {
  const before = await screening.before(row, picture, signal);
  const { prompt } = row.settings;
  if (isBlocked(before)) return { prompt, ...BLOCKED };
  let encodeContext: EncodeContext | undefined;
  const prepare = async (): Promise<EngineJob> => {
    const prepared = await preparePicture(row, picture, readMetadata);
    ({ encodeContext } = prepared);
    /* Without previews if pictures are screened: a preview would show an unscreened picture. */
    const isPreviewed = onStep !== null && screening.service === null;
    return isPreviewed ? { ...prepared.job, preview: true } : prepared.job;
  };
  const reply = await refiner.refine(prepare, {
    signal,
    onStep: (step, steps, preview) => {
      onStep?.({ row: row.index, step, steps, ...(preview === undefined ? {} : { preview }) });
    },
  });
  if (encodeContext === undefined) throw new Error('refined before it was prepared');
  const { model: name, modelDigest: fingerprint } = refiner.info();
  const { bytes } = await encodeOutput(row, encodeContext, reply, { model: { name, fingerprint }, version });
  const checks = [...before, ...(await screening.after(row, bytes, signal))];
  if (isBlocked(checks)) return { prompt, ...BLOCKED };
  return { prompt, generated_image: Buffer.from(bytes).toString('base64'), nsfw_content_detected: nsfwOf(checks) };
};

/** Blocks one row only; Azure answers `{}` for the whole request. */
const BLOCKED = { generated_image: '', nsfw_content_detected: true } as const;

/** Adds the row's index to errors of scope `row`. */
const ofRow = async <T>(row: Row, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (thrown) {
    if (!isRefineError(thrown) || thrown.scope !== 'row') throw thrown;
    const { code, message, context } = thrown;
    throw new RefineError(code, message, { context: { ...context, row: row.index }, cause: thrown });
  }
};
