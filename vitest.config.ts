import { defineConfig } from 'vitest/config';

/**
 * What takes long, most of it by running the program again and again: ten minutes on two cores. It is left out of `npm test`
 * unless it is asked for by its path; `npm run test:all` runs it too.
 */
const LONG = [
  'bench/card',
  'cli/badInput',
  'cli/batch',
  'cli/batchWorkers',
  'cli/compare',
  'cli/dryRun',
  'cli/generate',
  'cli/given',
  'cli/givenBadInput',
  'cli/givenDryRun',
  'cli/interrupt',
  'cli/kernels',
  'cli/notPlainFiles',
  'cli/outputs',
  'cli/outputsFull',
  'cli/outputsStdout',
  'cli/plan',
  'cli/prompts',
  'cli/report',
  'cli/reproduce',
  'cli/resume',
  'cli/resumeFull',
  'cli/resumeTorn',
  'cli/wan',
  'kernels/halfMatrices', // minutes of compiling without a cache; the interpreter has matrices of its own
  'library/packed',
  'parity/forms',
  'pipelines/resume/everyCut',
  'pipelines/resume/torn',
  'scripts/build',
  'selfTest/faults',
  'web/comparisonPage',
  'web/generator',
  'web/page',
  'web/viewerPage',
].map((name) => `test/${name}.test.ts`);

const isAsked = process.argv.some((word) => word.includes('test/'));

// Dawn lives in the process: one fork a file, two at a time on the two cores that CI has. On SwiftShader, which is several
// times slower than lavapipe, the longest tests of the command line take minutes.
export default defineConfig(({ mode }) => ({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 600_000,
    hookTimeout: 120_000,
    include: ['test/**/*.test.ts'],
    exclude: mode === 'all' || isAsked ? [] : LONG,
    globalSetup: ['scripts/kernelTexts.mjs', 'test/support/programFolder.ts'],
    setupFiles: ['test/support/childLoader.ts'],
  },
}));
