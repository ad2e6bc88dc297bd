import base from './jest.config.js';

/** The long tests of faults, of which `npm test` runs a representative part: `npm run test:faults`. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/system/**/*.faults.ts'],
  testTimeout: 600_000,
};
