/** What the clouds' variables become. */
import { serviceOf } from '#src/io/store/object/service-options.js';
import { parseStoreUri } from '#src/io/store/store-uri.js';

const optionsOf = (uri: string, env: Record<string, string>): Record<string, string> =>
  serviceOf(parseStoreUri(uri), env).options;

it('takes S3 from AWS_ variables, the more special endpoint first', () => {
  expect(optionsOf('s3://bucket/x', {})).toEqual({ bucket: 'bucket' });
  expect(
    optionsOf('s3://bucket/x', {
      AWS_ENDPOINT_URL: 'http://one:9000',
      AWS_ENDPOINT_URL_S3: 'https://two/',
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ACCESS_KEY_ID: '',
    }),
  ).toEqual({ bucket: 'bucket', endpoint: 'https://two', region: 'eu-west-1', disable_ec2_metadata: 'true' });
  expect(optionsOf('s3://bucket', { AWS_ENDPOINT_URL: 'http://one:9000' })).toMatchObject({ region: 'us-east-1' });
});

it("gives an emulator of Google's no credentials", () => {
  expect(optionsOf('gs://bucket', {})).toEqual({ bucket: 'bucket' });
  expect(optionsOf('gs://bucket', { STORAGE_EMULATOR_HOST: 'localhost:9023' })).toEqual({
    bucket: 'bucket',
    endpoint: 'http://localhost:9023',
    allow_anonymous: 'true',
    disable_vm_metadata: 'true',
    disable_config_load: 'true',
  });
});

it.each([
  [
    { AZURE_STORAGE_ACCOUNT: 'acc', AZURE_STORAGE_KEY: 'a2V5' },
    { endpoint: 'https://acc.blob.core.windows.net', account_name: 'acc', account_key: 'a2V5' },
  ],
  [
    { AZURE_STORAGE_ACCOUNT: 'acc', AZURE_STORAGE_SAS_TOKEN: '?sv=1&sig=s' },
    { endpoint: 'https://acc.blob.core.windows.net', account_name: 'acc', sas_token: 'sv=1&sig=s' },
  ],
  [{ AZURE_STORAGE_ACCOUNT: 'acc' }, { endpoint: 'https://acc.blob.core.windows.net', account_name: 'acc' }],
  [
    {
      AZURE_STORAGE_CONNECTION_STRING:
        'DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=a2V5PT0=;EndpointSuffix=core.chinacloudapi.cn',
    },
    { endpoint: 'https://acc.blob.core.chinacloudapi.cn', account_name: 'acc', account_key: 'a2V5PT0=' },
  ],
])('reads %j', (env, expected) => {
  expect(optionsOf('az://container/x', env)).toEqual({ container: 'container', ...expected });
});

it("reads the emulator's short connection string", () => {
  expect(optionsOf('az://container', { AZURE_STORAGE_CONNECTION_STRING: 'UseDevelopmentStorage=true' })).toMatchObject({
    endpoint: 'http://127.0.0.1:10000/devstoreaccount1',
    account_name: 'devstoreaccount1',
  });
});

it('asks for the account', () => {
  expect(() => optionsOf('az://container', {})).toThrow(/AZURE_STORAGE_ACCOUNT/);
});

it('the secrets of a connection string win: the variables may be of another account', () => {
  const env = {
    AZURE_STORAGE_CONNECTION_STRING: 'AccountName=mine;SharedAccessSignature=sv=1&sig=own',
    AZURE_STORAGE_ACCOUNT: 'other',
    AZURE_STORAGE_KEY: 'b3RoZXI=',
    AZURE_STORAGE_SAS_TOKEN: 'sig=other',
  };
  const endpoint = 'https://mine.blob.core.windows.net';
  const expected = { container: 'container', endpoint, account_name: 'mine', sas_token: 'sv=1&sig=own' };
  expect(optionsOf('az://container', env)).toEqual(expected);
  const without = { ...env, AZURE_STORAGE_CONNECTION_STRING: 'AccountName=mine' };
  expect(optionsOf('az://container', without)).toMatchObject({ account_name: 'mine', account_key: 'b3RoZXI=' });
});

it('checks the address in a connection string, and does not show it', () => {
  const env = { AZURE_STORAGE_CONNECTION_STRING: 'AccountName=a;AccountKey=a2V5;BlobEndpoint=http://me:s3cret@host' };
  expect(() => optionsOf('az://container', env)).toThrow(/AZURE_STORAGE_CONNECTION_STRING/);
  expect(() => optionsOf('az://container', env)).not.toThrow(/s3cret/);
});
