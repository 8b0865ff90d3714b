/** Reads the key and the TLS files of `serve`, and checks them before anything slow. */
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { messageOf, RefineError } from '../../../errors.js';
import { readFileBytes } from '../../../io/files/open-file.js';
import type { ProcessContext } from '../process-context.js';
import type { ServeFlags } from './serve-flags.js';

type Context = Pick<ProcessContext, 'cwd' | 'env'>;

/** Visible ASCII and spaces: clients cannot send other characters in a header, or send them in another encoding. */
const KEY = /^[\x20-\x7e]+$/;

/** @returns null: no key is given @throws USAGE_CONFLICT USAGE_OPTION_INVALID */
export const readKey = async (
  { keyFile, auth }: Pick<ServeFlags, 'keyFile' | 'auth'>,
  context: Context,
): Promise<string | null> => {
  const fromFile = keyFile === undefined ? undefined : await read(keyFile, '--key-file', context);
  const text = fromFile?.toString('utf8') ?? context.env['SDXL_REFINE_KEY'];
  if (text === undefined) return null;
  if (auth === false) {
    throw new RefineError('USAGE_CONFLICT', 'Expected a key or --no-auth, found both: give one of them.');
  }
  /* Secrets in files and variables often end with a line end. */
  const key = text.trim();
  const place = keyFile === undefined ? 'the variable SDXL_REFINE_KEY' : `--key-file ${keyFile}`;
  if (key === '') {
    throw new RefineError('USAGE_OPTION_INVALID', `Expected a key in ${place}, found nothing. Write one there.`);
  }
  if (!KEY.test(key)) {
    throw new RefineError(
      'USAGE_OPTION_INVALID',
      `Expected a key of ASCII letters, digits and signs on one line in ${place}, found other characters, which no header can hold. Choose another key.`,
    );
  }
  return key;
};

/** @returns null: no TLS @throws USAGE_CONFLICT USAGE_OPTION_INVALID */
export const readTls = async (
  { tlsCert, tlsKey }: Pick<ServeFlags, 'tlsCert' | 'tlsKey'>,
  context: Context,
): Promise<{ cert: Buffer; key: Buffer } | null> => {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new RefineError('USAGE_CONFLICT', 'TLS needs --tls-cert and --tls-key: give both.');
  }
  const [cert, key] = [await read(tlsCert, '--tls-cert', context), await read(tlsKey, '--tls-key', context)];
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new RefineError(
      'USAGE_OPTION_INVALID',
      `Expected a certificate chain as PEM in --tls-cert ${tlsCert}, and its private key as PEM, not encrypted, in --tls-key ${tlsKey}, ` +
        `found files that OpenSSL refuses (${messageOf(cause)}). Give the files that belong together.`,
      { cause },
    );
  }
  return { cert, key };
};

const read = async (path: string, flag: string, context: Context): Promise<Buffer> =>
  readFileBytes(resolve(context.cwd(), path), 'certificate').catch((cause: unknown) => {
    throw new RefineError('USAGE_OPTION_INVALID', `Cannot read ${flag} ${path}: ${messageOf(cause)}.`, { cause });
  });
