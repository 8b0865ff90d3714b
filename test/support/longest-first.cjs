'use strict';
/* The files that take longest begin first, on a machine that has not measured them yet as well: the last to begin would run alone. */
const { default: Sequencer } = require('@jest/test-sequencer');

const LONGEST = new RegExp(
  [
    'e2e.(install|webgpu|queue|crash|several-devices|lora|generate|serve-large-requests|serve-under-load|serve-page|lora-tags)',
    'golden.adapters',
    'unit.*(properties|lowerings|metadata-fuzz|made-models|self-test|winograd)',
  ]
    .map((name) => `${name}[.]test[.]js$`)
    .join('|'),
);

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isLong = ({ path }) => LONGEST.test(path);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
