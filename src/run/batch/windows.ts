/** A stream in pieces of `size` items, the last with what is left. Memory: one piece. */
export async function* windowsOf<Item>(source: AsyncIterable<Item>, size: number): AsyncGenerator<Item[]> {
  let window: Item[] = [];
  for await (const item of source) {
    window.push(item);
    if (window.length < size) continue;
    yield window;
    window = [];
  }
  if (window.length > 0) yield window;
}
