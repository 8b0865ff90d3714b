import { RefineError, ERROR_CODES } from '#src/errors.js';
import { isLoopback, keyChecker } from '#src/app/server/access/access.js';
import { httpStatus } from '#src/app/server/answers/http-status.js';
import { refuseWithoutAuthentication } from '#src/app/server/serve.js';

describe('the key', () => {
  const hasKey = keyChecker('s3cret');
  it.each([
    [{ authorization: 'Bearer s3cret' }, true],
    [{ authorization: 'bearer  s3cret' }, true],
    [{ 'api-key': 's3cret' }, true],
    [{ authorization: 'Bearer s3cre' }, false],
    [{ authorization: 'Bearer s3crets' }, false],
    [{ authorization: 'Basic s3cret' }, false],
    [{ authorization: 's3cret' }, false],
    [{ authorization: 'Bearer ' }, false],
    [{ 'api-key': ['s3cret', 's3cret'] }, false],
    [{}, false],
  ])('%j: %s', (headers, expected) => {
    expect(hasKey(headers as never)).toBe(expected);
  });
});

it.each(['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]', '::ffff:127.0.0.1'])('%s is this machine', (host) => {
  expect(isLoopback(host)).toBe(true);
});

it.each(['0.0.0.0', '::', '192.168.1.1', 'localhost.example', '8.8.8.8', ''])(
  '%s is not this machine alone',
  (host) => {
    expect(isLoopback(host)).toBe(false);
  },
);

it('a host beyond this machine needs a key, or someone else who asks for one', () => {
  const open = { host: '0.0.0.0', key: null, isGuardedElsewhere: false };
  expect(() => {
    refuseWithoutAuthentication(open);
  }).toThrow(expect.objectContaining({ code: 'USAGE_CONFLICT' }));
  refuseWithoutAuthentication({ ...open, key: 'k' });
  refuseWithoutAuthentication({ ...open, isGuardedElsewhere: true });
  refuseWithoutAuthentication({ ...open, host: '127.0.0.1' });
});

it('every error has a status, and those of a row are never the server’s fault but where its engine or its screening broke', () => {
  const statuses = ERROR_CODES.map((code) => [code, httpStatus(new RefineError(code, ''))] as const);
  expect(statuses.every(([, status]) => status >= 400 && status < 600)).toBe(true);
  const ours = statuses.filter(([code, status]) => status >= 500 && new RefineError(code, '').scope === 'row');
  expect(ours.map(([code]) => code)).toEqual([
    'CONTENT_SAFETY_UNAVAILABLE',
    'ENGINE_CRASHED',
    'ENGINE_STALLED',
    'SESSION_RUN',
  ]);
});
