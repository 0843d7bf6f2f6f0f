import { expect, test } from 'vitest';
import { formatCase } from '../../src/parity/formatCase.js';
import type { CaseReport } from '../../src/parity/runCase.js';
import { referenceDevice } from '../support/device.js';
import { explain, runFixture } from '../support/goldens.js';

// What torch.save, sentencepiece and the tokenizers library wrote: no device computes anything here.

const passed = ({ checks }: CaseReport) => checks.filter((check) => check.passed).map(({ check }) => check);

test('files of torch: training checkpoints, every layout and dtype, and hostile ones', async () => {
  const report = await runFixture('checkpoints', referenceDevice);
  expect(report.passed, explain(report)).toBe(true);
  expect(passed(report)).toEqual(
    expect.arrayContaining(['dit-self-forcing.pt canonical', 'dit-fsdp-ema.pt canonical', 'torch2-layout.pt']),
  );
  expect(passed(report).filter((check) => check.startsWith('hostile/'))).toHaveLength(41);
});

test('ids of the tokenizers library for two layouts of tokenizer.json, and cleaned prompts', async () => {
  const report = await runFixture('sentencepiece', referenceDevice);
  expect(report.passed, explain(report)).toBe(true);
  expect(passed(report)).toEqual([
    'tokenizer.json',
    'tokenizer.json, cleaned',
    'tokenizer.bytefallback.json',
    'cleaning without ftfy',
  ]);
  expect(formatCase(report)).toMatch(/\n {2}passed: 4 of 4 checks\n$/);
});
