/** Digests outlive versions: a row that an older version finished has the same digest today. */
import { rowDigest } from '#src/run/batch/row-digest.js';
import { ROW } from '../results/records.js';

it('gives a row the digest that the first version gave it', () => {
  expect(rowDigest(ROW, 'bytes', 'model')).toBe('347fce51222b4ca780c366d647234c37bbdae0c81e42ab2b68a59ed405d2271a');
});
