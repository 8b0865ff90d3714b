import { Engine } from '#src/run/engine/engine.js';
import { RefineError } from '#src/errors.js';
import { NO_SCREENING } from '#src/run/safety/screening.js';
import { requestReader } from '#src/app/server/requests/read-request.js';
import { RefineService } from '#src/app/server/refine-service.js';
import { score } from '#src/app/server/score.js';
import { model } from '../../../support/batch.js';
import { withServer } from '../../../support/with-server.js';

it('a deadline in the middle of fetching a picture is told as one', async () => {
  const late = new RefineError('DEADLINE_EXCEEDED', 'late');
  const stop = new AbortController();
  await withServer(
    () => {
      stop.abort(late);
    },
    async (url) => {
      const engine = new Engine({ model, modelName: 'small-refiner', device: 'cpu' });
      const options = {
        refiner: new RefineService({ engine, places: 1 }),
        read: requestReader({ rows: { options: {} }, loraFolder: null, limits: { maxRows: 1 } }),
        drawSeed: () => 0,
        limits: { maxRows: 1, maxPixels: 2 ** 20 },
        fetching: { request: fetch, maxBytes: 2 ** 20, timeoutMs: 10_000 },
        screening: NO_SCREENING,
        version: '0',
      };
      const body = Buffer.from(JSON.stringify({ input_data: { data: [{ image: `${url}/a.png`, prompt: 'p' }] } }));
      await expect(score(body, options, { signal: stop.signal, onStep: null })).rejects.toBe(late);
    },
  );
});
