/** The text of a list as JSON, in pieces: V8 holds no string of 512 MiB, which 16 large pictures need. */
import { jsonText } from '../../../io/json/json-text.js';

export function* listText(list: readonly unknown[]): Generator<string> {
  for (const [index, item] of list.entries()) yield `${index === 0 ? '[' : ','}${jsonText(item)}`;
  yield list.length === 0 ? '[]' : ']';
}
