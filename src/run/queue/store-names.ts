/** Names of a run's objects in its store. */
import { chunkNumber } from './broker/broker.js';

/** What the run is: written once, never changed. */
export const RUN_NAME = 'run.json';
/** How far `enqueue` is: replaced as it goes. */
export const CURSOR_NAME = 'cursor.json';
/** How many chunks there are: written once, when all are in the queue. */
export const END_NAME = 'end.json';
/** The model that the run's workers share: written by the first. */
export const MODEL_NAME = 'model.json';
export const PICTURES = 'pictures/';
export const CHUNKS = 'chunks/';
export const PARTS = 'parts/';
export const RESULTS = 'results/';

export const chunkName = (chunk: number): string => `${CHUNKS}${chunkNumber(chunk)}.jsonl`;
export const resultsName = (chunk: number): string => `${RESULTS}${chunkNumber(chunk)}.jsonl`;
/** Folder of the results of unfinished holders of a chunk. */
export const partsFolder = (chunk: number): string => `${PARTS}${chunkNumber(chunk)}/`;

/** The chunk of a name of `resultsName`; null for another's file. */
export const chunkOfResults = (name: string): number | null => {
  const number = /^results\/(\d{9,15})\.jsonl$/.exec(name)?.[1];
  return number === undefined ? null : Number(number);
};
