/** URIs of object storage, and names of objects: what they may be. */
import { RefineError } from '../../errors.js';
import { cutText } from '../json/json-text.js';

export type StoreScheme = 's3' | 'gs' | 'az';

export interface StorePlace {
  scheme: StoreScheme;
  /** Bucket of S3 and Google Cloud Storage, container of Azure. */
  bucket: string;
  /** Name of an object or beginning of names, without a slash at its beginning; '' for the whole bucket. */
  key: string;
}

/** A drive letter of Windows is no scheme: schemes have two characters or more. */
const URI = /^([a-z][a-z\d+.-]+):\/\//i;
const SCHEMES = new Set<string>(['s3', 'gs', 'az']);
/** Schemes of other programs for the same places. */
const OTHER_SPELLINGS: Readonly<Record<string, StoreScheme>> = {
  s3a: 's3',
  s3n: 's3',
  gcs: 'gs',
  azure: 'az',
  azblob: 'az',
  abfs: 'az',
  abfss: 'az',
  wasb: 'az',
  wasbs: 'az',
};
/** Letters, digits, and `.`, `-`, `_` between them: what the three clouds allow, with the underscore of older buckets. */
const BUCKET = /^[a-z\d$](?:[a-z\d._-]{1,220}[a-z\d])$/i;
/** Bytes of a name in S3 and Google Cloud Storage; Azure has as many characters. */
const MAX_NAME_BYTES = 1024;
/** Of a signed URL: behind `?` or `#`, first or further on. */
const SIGNATURE = /[?#&](?:sig|x-amz-signature|x-goog-signature)=/i;
const hasSignature = (text: string): boolean => SIGNATURE.test(/[?#].*/s.exec(text)?.[0] ?? '');
const NO_SECRETS = 'Give credentials in the way of the cloud, never in a URI: docs/object-storage.md';
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const CONTROL = /[\0-\x1f\x7f-\x9f]/;

/** The scheme of a URI as it is written; null: the text is a path, or anything else. */
export const uriScheme = (text: string): string | null => URI.exec(text)?.[1] ?? null;

/** Whether a text names a place in object storage, rightly or with a slip that `parseStoreUri` explains. */
export const isStoreUri = (text: string): boolean => {
  const scheme = uriScheme(text)?.toLowerCase();
  return scheme !== undefined && (SCHEMES.has(scheme) || Object.hasOwn(OTHER_SPELLINGS, scheme));
};

/** What a message says of a URI that is no place in object storage: its scheme only; null: any other text. */
export const foreignUri = (text: string): string | null => {
  const scheme = uriScheme(text);
  return scheme === null || isStoreUri(text) ? null : `a URI (${scheme.slice(0, 20)}://)`;
};

/**
 * Whether a place to write to is in object storage, or else a path.
 * @throws STORE_URI_INVALID for a URI of another scheme, which would be the path of a folder `https:`
 */
export const isStorePlace = (text: string): boolean => {
  if (uriScheme(text) === null) return false;
  parseStoreUri(text);
  return true;
};

/** @throws STORE_URI_INVALID; its message does not repeat credentials */
export const parseStoreUri = (text: string): StorePlace => {
  const scheme = uriScheme(text)?.toLowerCase() ?? '';
  const rest = text.slice(scheme.length + '://'.length);
  const slash = rest.indexOf('/');
  const bucket = slash === -1 ? rest : rest.slice(0, slash);
  const key = slash === -1 ? '' : rest.slice(slash + 1);
  if (!SCHEMES.has(scheme)) {
    const meant = Object.hasOwn(OTHER_SPELLINGS, scheme) ? OTHER_SPELLINGS[scheme] : undefined;
    throw invalid(
      'a URI that begins with s3://, gs:// or az://',
      `the scheme ${cutText(scheme, 40)}://`,
      meant === undefined
        ? 'Write the bucket as one of these, or give a path of this machine'
        : `Write ${meant}://<${bucketWord(meant)}>/<name>`,
    );
  }
  const form = `${scheme}://<${bucketWord(scheme)}>/<name>`;
  /* Before anything is repeated in a message. */
  const mark = /[@:?#]/.exec(bucket)?.[0];
  if (mark !== undefined) {
    throw invalid(
      form,
      `"${mark}" before the first slash, as beside a port or a secret (it is not repeated here)`,
      `Other hosts are named by variables. ${NO_SECRETS}`,
    );
  }
  if (hasSignature(rest)) throw invalid(form, 'a signature in the URI (it is not repeated here)', NO_SECRETS);
  if (!BUCKET.test(bucket)) {
    throw invalid(
      form,
      bucket === '' ? 'no name between the slashes' : `the ${bucketWord(scheme)} ${quote(bucket)}`,
      `A ${bucketWord(scheme)}'s name has 3 letters, digits, "-", "." or "_" or more; other hosts are named by variables: docs/object-storage.md`,
    );
  }
  if (key !== '') checkObjectName(key.endsWith('/') ? key.slice(0, -1) : key);
  return { scheme: scheme as StoreScheme, bucket, key };
};

/** A place as messages and results show it. */
export const formatStoreUri = ({ scheme, bucket, key }: StorePlace): string => `${scheme}://${bucket}/${key}`;

const bucketWord = (scheme: string): string => (scheme === 'az' ? 'container' : 'bucket');

/**
 * Refuses names that a file system or a store would take for another place, or that cannot be shown.
 * @throws STORE_URI_INVALID
 */
export const checkObjectName = (name: string): void => {
  const fault = objectNameFault(name);
  if (fault === null) return;
  throw invalid('the name of an object', `${fault}: ${quote(name)}`, 'Choose another name');
};

/** What is wrong with a name, null if nothing. Names of a listing are another's choice: those with a fault are passed over. */
export const objectNameFault = (name: string): string | null => {
  if (name === '') return 'no text';
  if (CONTROL.test(name)) return 'control characters';
  /* Azure and Windows take it for a slash. */
  if (name.includes('\\')) return 'a backslash';
  if (!name.isWellFormed()) return 'half a character';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `more than ${MAX_NAME_BYTES} bytes`;
  if (name.startsWith('/')) return 'a slash at its beginning';
  const parts = name.split('/');
  if (parts.includes('..') || parts.includes('.')) return '"." or ".." as a part of it';
  return parts.includes('') ? 'a part without a name' : null;
};

const invalid = (expected: string, found: string, remedy: string): RefineError =>
  new RefineError('STORE_URI_INVALID', `Expected ${expected}, found ${found}. ${remedy}.`);

/** For a message: one line, of bounded length. */
const quote = (text: string): string => JSON.stringify(cutText(text, 200).toWellFormed());
