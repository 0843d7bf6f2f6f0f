import { defineConfig } from 'vitest/config';

// Dawn lives in the process: one fork a file, three at a time on the two cores that CI has, since many wait for a process or a
// driver. On SwiftShader, which is several
// times slower than lavapipe, the longest tests of the command line take minutes.
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 600_000,
    hookTimeout: 120_000,
    include: ['test/**/*.test.ts'],
    globalSetup: ['scripts/kernelTexts.mjs', 'test/support/programFolder.ts'],
    setupFiles: ['test/support/childLoader.ts'],
  },
});
