/** The first `count` items of a stream; what comes after is not read. */
export async function* take<Item>(source: AsyncIterable<Item>, count: number): AsyncGenerator<Item> {
  if (count <= 0) return;
  let taken = 0;
  for await (const item of source) {
    yield item;
    if (++taken >= count) return;
  }
}
