import { listText } from '#src/app/server/answers/list-text.js';

it.each([[[]], [[1]], [[{ a: 'b' }, null, ['\ud800']]]])('%j in pieces is the same text', (list) => {
  expect([...listText(list)].join('')).toBe(JSON.stringify(list).replace('\\ud800', '\ufffd'));
});
