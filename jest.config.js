export default {
  testEnvironment: 'node',
  // Jest's own softening of globals warns about itself between files.
  testEnvironmentOptions: { globalsCleanup: 'off' },
  // Real tools, real servers: restic alone takes half a second to derive its key.
  testTimeout: 60_000,
  // The tests wait for other programs most of the time; by default two cores would have one worker.
  maxWorkers: 2,
  testSequencer: '<rootDir>/scripts/longest-first.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['<rootDir>/test/{unit,integration,replay,system}/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.tools', '<rootDir>/.demo'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
};
