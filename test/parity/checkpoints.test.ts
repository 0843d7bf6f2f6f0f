import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeSafetensors } from '../../src/node/weights/writeSafetensors.js';
import { formatCase } from '../../src/parity/formatCase.js';
import { type CaseReport, runCase } from '../../src/parity/runCase.js';
import { referenceDevice } from '../support/device.js';
import { explain, inTemporaryFolder } from '../support/goldens.js';
import { call, type Pickled } from '../weights/torch/pickleWriter.js';
import { dense, float32, writeTorchZip } from '../weights/torch/torchWriter.js';

const storages = [float32('0', 1, 2), float32('1', 3)];
const root = new Map<Pickled, Pickled>([
  ['generator', new Map([['model.a', dense(storages[1], [1])]])],
  ['generator_ema', new Map([['model._fsdp_wrapped_module.a', dense(storages[0], [2, 1])]])],
  ['config', new Map<Pickled, Pickled>([['lr', 1e-5]])],
]);
const ema = { dtype: 'F32', shape: [2, 1], data: Float32Array.of(1, 2) } as const;
const expected = new Map<string, { dtype: 'F32'; shape: number[]; data: Float32Array }>([
  ['generator/model.a', { dtype: 'F32', shape: [1], data: Float32Array.of(3) }],
  ['generator_ema/model._fsdp_wrapped_module.a', { ...ema, shape: [2, 1] }],
]);

const file = {
  expected: 'good.expected.safetensors',
  tensors: 2,
  canonical: 'good.canonical.safetensors',
  canonical_section: 'generator_ema',
  non_tensor_values: { 'config/lr': 1e-5 },
};

/** Runs a small case of one good and one hostile file, changed in its folder before it runs. */
async function run(
  change: (folder: string) => Promise<unknown> = async () => undefined,
  fields: { file?: object; hostile?: string } = {},
): Promise<CaseReport> {
  const description = {
    kind: 'checkpoints',
    config: {},
    files: { good: { ...file, ...fields.file } },
    hostile: { bad: fields.hostile ?? 'calls posix.system' },
  };
  return inTemporaryFolder({ description }, async (folder) => {
    await writeTorchZip(join(folder, 'good'), root, storages);
    await writeSafetensors(join(folder, file.expected), expected);
    await writeSafetensors(join(folder, file.canonical), new Map([['a', ema]]));
    await mkdir(join(folder, 'hostile'));
    await writeTorchZip(join(folder, 'hostile', 'bad'), call('posix system', 'true'), []);
    await change(folder);
    return runCase(folder, referenceDevice);
  });
}

const failed = ({ checks }: CaseReport) =>
  checks.filter(({ passed }) => !passed).map(({ check, detail }) => `${check}: ${detail}`);

test('a good file, its canonical names and a hostile one are one check each', async () => {
  const report = await run();
  expect(report.passed, explain(report)).toBe(true);
  expect(report.outputs).toEqual([]);
  expect(report.checks.map(({ check }) => check)).toEqual(['good', 'good canonical', 'hostile/bad']);
  expect(formatCase(report)).toMatch(/ok {3}hostile\/bad {5}refused: .*posix\.system.*\n {2}passed: 3 of 3 checks\n$/);
});

test.each<[string, (folder: string) => Promise<unknown>, RegExp]>([
  [
    'one bit',
    (folder) =>
      writeSafetensors(
        join(folder, file.expected),
        new Map([
          ...expected,
          ['generator/model.a', { ...expected.get('generator/model.a')!, data: Float32Array.of(-3) }],
        ]),
      ),
    /^good: "generator\/model.a": byte 3 of 4 is 64, expected 192/,
  ],
  [
    'a shape',
    (folder) => writeSafetensors(join(folder, file.canonical), new Map([['a', { ...ema, shape: [2] }]])),
    /^good canonical: "a": F32 \[2, 1\], expected F32 \[2\]/,
  ],
  [
    'a name',
    (folder) => writeSafetensors(join(folder, file.canonical), new Map([['b', ema]])),
    /^good canonical: "a" is not expected; "b" is missing/,
  ],
  [
    'a file that cannot be read',
    (folder) => writeFile(join(folder, 'good'), 'PK'),
    /^good: .*expected a safetensors file/,
  ],
  [
    'a hostile file that loads',
    (folder) => writeTorchZip(join(folder, 'hostile', 'bad'), root, storages),
    /^hostile\/bad: loaded 2 tensors/,
  ],
])('a difference in %s is found', async (_name, change, message) => {
  const report = await run(change);
  expect(report.passed).toBe(false);
  expect(failed(report)).toHaveLength(1);
  expect(failed(report)[0]).toMatch(message);
});

test('counts and values that are no tensors are looked at', async () => {
  const report = await run(undefined, { file: { tensors: 3, non_tensor_values: { step: 1 } } });
  expect(failed(report)).toEqual(['good: 2 tensors, expected 3; "step" is not among what is no tensor']);
});

test('a file that may load passes either way', async () => {
  const load = (folder: string) => writeTorchZip(join(folder, 'hostile', 'bad'), root, storages);
  expect((await run(load, { hostile: 'loading the other tensors is fine' })).passed).toBe(true);
  expect((await run(undefined, { hostile: 'either support it or refuse clearly' })).passed).toBe(true);
});

test('the marker of code that ran is found', async () => {
  await inTemporaryFolder({}, async (marked) => {
    const marker = join(marked, 'PWNED');
    await writeFile(marker, '');
    const report = await run(undefined, { hostile: `reduces to posix.system("touch ${marker}")` });
    expect(failed(report)).toEqual([`hostile/bad: ${marker} is there before the file was opened`]);
  });
});
