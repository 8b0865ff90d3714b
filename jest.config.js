/** Tests run from their compiled form in build/test, against dist: what is tested is what is published. */
const project = (displayName) => ({
  displayName,
  rootDir: '.',
  testMatch: [`<rootDir>/build/test/${displayName}/**/*.test.js`],
  testEnvironment: '<rootDir>/test/support/ort-environment.cjs',
  transform: {},
});
export default {
  projects: ['unit', 'golden', 'e2e'].map(project),
  cacheDirectory: 'node_modules/.cache/jest',
  testTimeout: 60_000,
};
