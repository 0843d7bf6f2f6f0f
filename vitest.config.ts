import { defineConfig } from 'vitest/config';

// Dawn lives in the process: one fork a file, two at a time on the two cores that CI has.
export default defineConfig({
  test: { pool: 'forks', maxWorkers: 2, testTimeout: 120_000, hookTimeout: 120_000, include: ['test/**/*.test.ts'] },
});
