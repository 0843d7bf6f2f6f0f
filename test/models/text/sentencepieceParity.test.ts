import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { runCase } from '../../../src/parity/runCase.js';
import { referenceDevice } from '../../support/device.js';
import { temporaryFolder } from '../../weights/temporary.js';

const ids = { ids: [1, 1], padded_ids: [1, 1, 0, 0], mask: [1, 1, 0, 0] };
const cleaned = { cleaned: '“</s>”', cleaned_without_ftfy: '</s>', cleaned_hf_ids: [1, 1] };
const RIGHT = { text: '</s>', spm_ids: [5, 6], ...cleaned, cleaned: '</s>', hf: { 'tokenizer.json': ids } };

async function run(expected: object) {
  const folder = await temporaryFolder();
  await copyFile(join(toyWorld, 'tokenizer.json'), join(folder, 'tokenizer.json'));
  await writeFile(join(folder, 'expected.json'), JSON.stringify([expected]));
  await writeFile(join(folder, 'case.json'), JSON.stringify({ kind: 'sentencepiece', config: { seq_len: 4 } }));
  return runCase(folder, referenceDevice);
}

test('a sentencepiece case passes where all ids and all cleaned strings are equal, whatever C++ sentencepiece gives', async () => {
  const { passed, checks } = await run(RIGHT);
  expect(passed).toBe(true);
  expect(checks.map(({ check, detail }) => `${check}: ${detail}`)).toEqual([
    'tokenizer.json: 1 strings equal; C++ sentencepiece gives the same ids for 0 of 1',
    'tokenizer.json, cleaned: 1 strings equal',
    'cleaning without ftfy: 1 strings equal',
    'cleaning: 1 strings equal',
  ]);
});

test.each([
  ['tokenizer.json', { hf: { 'tokenizer.json': { ...ids, ids: [1, 7, 1] } } }],
  ['tokenizer.json', { hf: { 'tokenizer.json': { ...ids, padded_ids: [1, 1, 0] } } }],
  ['tokenizer.json', { hf: { 'tokenizer.json': { ...ids, mask: [1, 1, 1, 0] } } }],
  ['tokenizer.json, cleaned', { cleaned_hf_ids: [1] }],
  ['cleaning without ftfy', { cleaned_without_ftfy: '</s> ' }],
  ['cleaning', { cleaned: cleaned.cleaned }],
])('a difference shows in the check "%s"', async (check, difference) => {
  const { passed, checks } = await run({ ...RIGHT, ...difference });
  expect(passed).toBe(false);
  expect(checks.filter((each) => !each.passed).map((each) => each.check)).toEqual([check]);
  expect(checks.find((each) => each.check === check)?.detail).toMatch(
    /^0 of 1 strings equal: "<\/s>" gives .+, expected /,
  );
});

test('a case without strings is explained', async () => {
  await expect(run({ text: 1 })).rejects.toThrow('expected.json: expected the strings of a sentencepiece case');
});
