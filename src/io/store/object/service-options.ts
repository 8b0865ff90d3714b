/** Options of opendal's services, from the variables that each cloud's own programs read. */
import type { Environment } from '../../files/cache-folders.js';
import { nonEmpty } from '../../files/cache-folders.js';
import { RefineError } from '../../../errors.js';
import type { StorePlace } from '../store-uri.js';

export interface Service {
  service: 's3' | 'gcs' | 'azblob';
  options: Record<string, string>;
}

/** @throws STORE_URI_INVALID for a variable that is no endpoint, STORE_DENIED if Azure's account is missing */
export const serviceOf = ({ scheme, bucket }: StorePlace, env: Environment): Service => {
  if (scheme === 's3') return { service: 's3', options: withoutEmpty({ bucket, ...s3Options(env) }) };
  if (scheme === 'gs') return { service: 'gcs', options: withoutEmpty({ bucket, ...googleOptions(env) }) };
  return { service: 'azblob', options: withoutEmpty({ container: bucket, ...azureOptions(env) }) };
};

type Options = Record<string, string | null>;

const withoutEmpty = (options: Options): Record<string, string> =>
  Object.fromEntries(Object.entries(options).filter((entry): entry is [string, string] => entry[1] !== null));

/** The first variable that is set. */
const first = (env: Environment, ...names: string[]): string | null => {
  for (const name of names) {
    const value = nonEmpty(env[name]);
    if (value !== null) return value;
  }
  return null;
};

const isOn = (text: string | null): boolean => text !== null && /^(?:1|true|yes)$/i.test(text);

/** Other credentials and the profile's region are opendal's: shared files, web identity, the container's, the machine's. */
const s3Options = (env: Environment): Options => {
  const endpoint = endpointOf(env, 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL');
  const region = first(env, 'AWS_REGION', 'AWS_DEFAULT_REGION');
  return {
    endpoint,
    /* Other servers ignore the region, but it is signed. */
    region: region ?? (endpoint === null ? null : 'us-east-1'),
    access_key_id: first(env, 'AWS_ACCESS_KEY_ID'),
    secret_access_key: first(env, 'AWS_SECRET_ACCESS_KEY'),
    session_token: first(env, 'AWS_SESSION_TOKEN'),
    disable_ec2_metadata: isOn(first(env, 'AWS_EC2_METADATA_DISABLED')) ? 'true' : null,
  };
};

/** Credentials are opendal's: GOOGLE_APPLICATION_CREDENTIALS, gcloud's file, the machine's. */
const googleOptions = (env: Environment): Options => {
  const emulator = first(env, 'STORAGE_EMULATOR_HOST');
  if (emulator === null) return {};
  const endpoint = emulator.includes('://') ? endpointOf(env, 'STORAGE_EMULATOR_HOST') : `http://${emulator}`;
  /* An emulator has no credentials, and must never get any. */
  return { endpoint, allow_anonymous: 'true', disable_vm_metadata: 'true', disable_config_load: 'true' };
};

/** A connection string, else the account's name with a key, a shared access signature, or an identity (opendal's). */
const azureOptions = (env: Environment): Options => {
  const connection = first(env, 'AZURE_STORAGE_CONNECTION_STRING');
  const given = connection === null ? new Map<string, string>() : connectionValues(connection);
  const isEmulator = given.get('usedevelopmentstorage')?.toLowerCase() === 'true';
  const account =
    given.get('accountname') ?? first(env, 'AZURE_STORAGE_ACCOUNT') ?? (isEmulator ? EMULATOR_NAME : null);
  if (account === null) {
    throw new RefineError(
      'STORE_DENIED',
      'Expected the name of an Azure storage account for az://, found none. Set AZURE_STORAGE_ACCOUNT, or AZURE_STORAGE_CONNECTION_STRING.',
    );
  }
  const suffix = given.get('endpointsuffix') ?? 'core.windows.net';
  const protocol = given.get('defaultendpointsprotocol') ?? 'https';
  const endpoint =
    addressOf(given.get('blobendpoint'), 'AZURE_STORAGE_CONNECTION_STRING') ??
    endpointOf(env, 'AZURE_STORAGE_BLOB_ENDPOINT') ??
    (isEmulator ? `http://127.0.0.1:10000/${EMULATOR_NAME}` : `${protocol}://${account}.blob.${suffix}`);
  /* The variables' may be of another account than the string's. */
  const hasOwn = isEmulator || given.has('accountkey') || given.has('sharedaccesssignature');
  const key = given.get('accountkey') ?? (isEmulator ? EMULATOR_KEY : hasOwn ? null : first(env, 'AZURE_STORAGE_KEY'));
  const signature = given.get('sharedaccesssignature') ?? (hasOwn ? null : first(env, 'AZURE_STORAGE_SAS_TOKEN'));
  return {
    endpoint: endpoint.replace(/\/+$/, ''),
    account_name: account,
    account_key: key,
    sas_token: key === null ? (signature?.replace(/^\?/, '') ?? null) : null,
  };
};

/** The published account of Azure's emulators. */
const EMULATOR_NAME = 'devstoreaccount1';
const EMULATOR_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** `Name=value` between semicolons; values may have `=`. */
const connectionValues = (text: string): Map<string, string> =>
  new Map(
    text.split(';').flatMap((part) => {
      const at = part.indexOf('=');
      return at < 1 ? [] : [[part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()] as const];
    }),
  );

const endpointOf = (env: Environment, ...names: string[]): string | null => {
  const name = names.find((one) => nonEmpty(env[one]) !== null);
  return name === undefined ? null : addressOf(nonEmpty(env[name]) ?? '', name);
};

const addressOf = (text: string | undefined, name: string): string | null => {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') {
    return text.replace(/\/+$/, '');
  }
  throw new RefineError(
    'STORE_URI_INVALID',
    `Expected an address in ${name}, as https://<host>:<port>, without a user, found something else. Correct it, or unset it.`,
    { context: { variable: name } },
  );
};
