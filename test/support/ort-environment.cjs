'use strict';
/* jest runs every test file in a realm of its own; onnxruntime-node's native side accepts only the main realm's typed
   arrays. This environment lends those constructors to the tests. */
const { TestEnvironment } = require('jest-environment-node');
const { runInHost } = require('./cli-pool.cjs');

const TYPED_ARRAYS = [
  'Float32Array',
  'Float64Array',
  'Int8Array',
  'Int16Array',
  'Int32Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Uint16Array',
  'Uint32Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
  'ArrayBuffer',
];

module.exports = class OrtEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of TYPED_ARRAYS) if (globalThis[name]) this.global[name] = globalThis[name];
    /* One pool for all files of a worker. */
    this.global.runInHost = runInHost;
  }
};
