/** A picture on a web server that comes when the test says so: rows are refined in their order, so those behind it wait. */
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { picture } from './batch.js';
import { waitFor } from './processes.js';
import { withServer } from './with-server.js';

export interface LatePicture {
  url: string;
  /** Waits for the run to request it. */
  requested: () => Promise<ServerResponse>;
  answer: () => Promise<void>;
}

export const withLatePicture = (use: (late: LatePicture) => Promise<void>): Promise<void> => {
  let response: ServerResponse | undefined;
  const requested = (): Promise<ServerResponse> => waitFor('the request of the late picture', () => response);
  return withServer(
    (_, waiting) => {
      response = waiting;
    },
    (url) =>
      use({
        url: `${url}/late.png`,
        requested,
        answer: async () => {
          (await requested()).end(readFileSync(picture('square-64')));
        },
      }),
  );
};
