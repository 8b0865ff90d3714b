/** Splits a line into words as bash does: removes quotes and backslashes, expands nothing. */

/** @returns at least one word; the last one ends the line, and is '' after a space */
export const shellWords = (line: string): string[] => {
  const words = [''];
  let quote = '';
  const add = (text: string): void => {
    words.push((words.pop() ?? '') + text);
  };
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    const next = line.charAt(at + 1);
    if (quote === "'") {
      if (character === quote) quote = '';
      else add(character);
    } else if (character === '\\' && (quote === '' || '"\\$`'.includes(next))) {
      add(next);
      at++;
    } else if (quote === '"') {
      if (character === quote) quote = '';
      else add(character);
    } else if (character === '"' || character === "'") quote = character;
    else if (/\s/.test(character)) {
      if (words.at(-1) !== '' || /\S/.test(line.charAt(at - 1))) words.push('');
    } else add(character);
  }
  return words;
};
