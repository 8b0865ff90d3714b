/** Tests run from their compiled form in build/test, against dist: what is tested is what is published. */
const project = (displayName) => ({
  displayName,
  rootDir: '.',
  roots: [`<rootDir>/build/test/${displayName}`],
  testMatch: [`<rootDir>/build/test/${displayName}/**/*.test.js`],
  testEnvironment: '<rootDir>/test/support/ort-environment.cjs',
  transform: {},
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
});
export default {
  projects: ['unit', 'golden', 'e2e'].map(project),
  testSequencer: './test/support/longest-first.cjs',
  globalSetup: './test/support/set-up.mjs',
  globalTeardown: './test/support/tear-down.mjs',
  /* No claim: a limit that a machine at work for others does not reach. */
  testTimeout: 180_000,
  /* Node 20 never frees a module of `node:vm`, and with it a test file's realm: a worker that keeps them all spends its time collecting garbage. */
  workerIdleMemoryLimit: '300MB',
};
