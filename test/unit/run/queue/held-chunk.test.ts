/** What a worker notes of the chunk that it holds, and how it loses it. */
import { NO_PROGRESS } from '#src/run/queue/broker/job-data.js';
import type { ChunkProgress, TakenJob } from '#src/run/queue/broker/broker.js';
import { holdChunk } from '#src/run/queue/held-chunk.js';

describe('a chunk in a worker’s hands', () => {
  const taken = (
    progress: ChunkProgress,
    renew: () => Promise<boolean> = () => Promise.resolve(true),
  ): TakenJob & { notes: ChunkProgress[] } => {
    const notes: ChunkProgress[] = [];
    const yes = (): Promise<boolean> => Promise.resolve(true);
    const job = { run: 'r0123456789ab', store: 's', chunk: 0, rows: 3, steps: 3 };
    const note = (noted: ChunkProgress): Promise<void> => Promise.resolve(void notes.push(noted));
    return { id: 'x', job, progress, renew, note, complete: yes, fail: yes, handBack: yes, notes };
  };

  it('counts a death for a row that was alone, and only suspects several', async () => {
    const several = await holdChunk(taken({ inFlight: [1, 2], deaths: {} }), 1000);
    expect([...several.deaths]).toEqual([
      [1, 0],
      [2, 0],
    ]);
    several.release();
    const alone = await holdChunk(taken({ inFlight: [2], deaths: { 1: 0, 2: 1 } }), 1000);
    expect([...alone.deaths]).toEqual([
      [1, 0],
      [2, 2],
    ]);
    alone.release();
    const none = await holdChunk(taken(NO_PROGRESS), 1000);
    expect(none.deaths.size).toBe(0);
    none.release();
  });

  it('notes a row before it runs, and leaves it out when it has ended', async () => {
    const job = taken(NO_PROGRESS);
    const held = await holdChunk(job, 1000);
    await held.begin(1);
    await held.begin(2);
    held.end(1);
    await held.addDeath(2);
    await held.begin(3);
    held.release();
    expect(job.notes).toEqual([
      { inFlight: [1], deaths: {} },
      { inFlight: [1, 2], deaths: {} },
      { inFlight: [], deaths: { 2: 1 } },
      { inFlight: [3], deaths: { 2: 1 } },
    ]);
  });

  it('is lost when its lock is not renewed', async () => {
    let renewals = 0;
    const held = await holdChunk(
      taken(NO_PROGRESS, () => Promise.resolve(++renewals < 2)),
      30,
    );
    await new Promise((resolve) => {
      held.lost.addEventListener('abort', resolve);
    });
    held.release();
    expect(renewals).toBe(2);
  });
});
