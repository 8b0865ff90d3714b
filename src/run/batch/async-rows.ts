/** Helpers for streams of rows: bounded read-ahead, the first items, and chunks. */

/**
 * Maps a stream in order and starts up to `depth` items before they are needed, so that the next picture is decoded while
 * the current one is refined. Keeps at most `depth` + 1 items, for streams of any length.
 */
export async function* mapWithReadAhead<Item, Mapped>(
  source: AsyncIterable<Item> | Iterable<Item>,
  depth: number,
  map: (item: Item) => Promise<Mapped>,
): AsyncGenerator<Mapped> {
  for await (const { mapped } of startWithReadAhead(source, depth, map)) yield await mapped;
}

/** As `mapWithReadAhead`, but yields each promise unsettled: the caller awaits it, and can request the next item meanwhile. */
export async function* startWithReadAhead<Item, Mapped>(
  source: AsyncIterable<Item> | Iterable<Item>,
  depth: number,
  map: (item: Item) => Promise<Mapped>,
): AsyncGenerator<{ mapped: Promise<Mapped> }> {
  const started: Promise<Mapped>[] = [];
  try {
    for await (const item of source) {
      const mapped = map(item);
      /* It may reject before the caller awaits it; the caller still sees the rejection. */
      mapped.catch(() => undefined);
      started.push(mapped);
      if (started.length > depth) yield { mapped: shift(started) };
    }
    while (started.length > 0) yield { mapped: shift(started) };
  } finally {
    await Promise.allSettled(started);
  }
}

const shift = <T>(queue: Promise<T>[]): Promise<T> => {
  const first = queue.shift();
  if (first === undefined) throw new RangeError('Expected an item in the read-ahead queue, found none');
  return first;
};

/**
 * Rows to start beside the one whose result is awaited: twice the slots, since that row may take longest; 0 for one slot.
 */
export const readAheadFor = (slots: number): number => (slots === 1 ? 0 : 2 * slots);

/** Yields the first `count` items of a stream, and reads no further. */
export async function* takeFirst<Item>(source: AsyncIterable<Item>, count: number): AsyncGenerator<Item> {
  if (count <= 0) return;
  let taken = 0;
  for await (const item of source) {
    yield item;
    if (++taken >= count) return;
  }
}

/** Splits a stream into chunks of `size` items; the last chunk may be shorter. Keeps one chunk in memory. */
export async function* chunksOf<Item>(source: AsyncIterable<Item>, size: number): AsyncGenerator<Item[]> {
  let chunk: Item[] = [];
  for await (const item of source) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
