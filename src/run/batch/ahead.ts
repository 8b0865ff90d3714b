/**
 * Maps a stream with up to `depth` items begun beyond the one being used, in order. What overlaps: the next picture is
 * decoded while this one is refined. Memory: `depth` + 1 items, however long the stream.
 */
export async function* mapAhead<Item, Mapped>(
  source: AsyncIterable<Item>,
  depth: number,
  map: (item: Item) => Promise<Mapped>,
): AsyncGenerator<Mapped> {
  for await (const { mapped } of startAhead(source, depth, map)) yield await mapped;
}

/** As `mapAhead`, and what is begun is handed on before it is done: whoever takes it waits for it, and can take the next meanwhile. */
export async function* startAhead<Item, Mapped>(
  source: AsyncIterable<Item>,
  depth: number,
  map: (item: Item) => Promise<Mapped>,
): AsyncGenerator<{ mapped: Promise<Mapped> }> {
  const begun: Promise<Mapped>[] = [];
  try {
    for await (const item of source) {
      const mapped = map(item);
      /* It may fail before anyone waits for it; whoever takes it sees the failure. */
      mapped.catch(() => undefined);
      begun.push(mapped);
      if (begun.length > depth) yield { mapped: take(begun) };
    }
    while (begun.length > 0) yield { mapped: take(begun) };
  } finally {
    await Promise.allSettled(begun);
  }
}

const take = <T>(queue: Promise<T>[]): Promise<T> => {
  const first = queue.shift();
  if (first === undefined) throw new RangeError('the queue is empty');
  return first;
};
