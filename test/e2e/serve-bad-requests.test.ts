/** A thousand wrong requests: each gets a 4xx that says why, the queue stays free, and a good one is served at the end. */
import { sendBadRequests } from '../support/send-bad-requests.js';

it('refuses every one of a thousand bad requests, and then serves a good one', async () => {
  const { sent, faults } = await sendBadRequests({ requests: 1000, atOnce: 16, seed: 20_261_123 });
  expect([sent, faults]).toEqual([1000, []]);
});
