import { afterAll, beforeAll, expect, test } from 'vitest';
import { add } from '../../src/kernels/elementwise/elementwise.js';
import { generate } from '../../src/node/generate.js';
import { isLaunchLogAsked, LaunchLog } from '../../src/node/launchLog.js';
import { type ModelFolder, openModelFolder } from '../../src/node/model/modelFolder.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { openDevice } from '../../src/node/openDevice.js';

let folder: ModelFolder;
beforeAll(async () => {
  folder = await openModelFolder(toyWorld);
});
afterAll(() => folder.close());

const SMALL = { prompt: 'a red circle', width: 16, height: 16, frames: 9, steps: [1000], decode: 'never' } as const;

async function logged(adapter?: string) {
  const device = await openDevice({ adapter, profile: true });
  const lines: string[] = [];
  LaunchLog.begin(device, (line) => lines.push(line));
  for await (const event of generate(device, folder, { ...SMALL, promptCache: false })) void event;
  device.scope(() => add(device.zeros([2, 3]), device.zeros([2, 3])));
  device.close();
  return { kind: device.kind, lines };
}

test('each launch has a line with shapes and a time, below its stage', async () => {
  const { lines } = await logged('reference');
  expect(lines.filter((line) => /^\w/.test(line))).toEqual(['text', 'weights', 'rollout']);
  const launches = lines.filter((line) => /^ {2}[\w.]+ {2}\[.*\] \w+ -> \[.*\] \w+ {2}[\d.]+ ms$/.test(line));
  const sums = lines.filter((line) => line.startsWith('  = '));
  expect(launches.length + sums.length + 3).toBe(lines.length);
  expect(sums[1]).toMatch(/^ {2}= block 0, attempt 0, step 0: \d{2,} launches, \d+ ms$/);
  expect(sums[2]).toMatch(/^ {2}= block 0 is done: /);
  expect(lines.at(-1)).toMatch(/^ {2}elementwise\S* {2}\[2, 3\] f32, \[2, 3\] f32 -> \[2, 3\] f32 {2}/);
});

test('on an adapter the times of kernels follow each call', async () => {
  const { kind, lines } = await logged();
  if (kind !== 'gpu') return;
  expect(lines.some((line) => /^ {2}linear\S* {2}\[.*\] f32, \[.*-> \[.*\] f32$/.test(line))).toBe(true);
  expect(lines.find((line) => line.includes('step 0'))).toMatch(/ launches, \d+ ms: .*linear\S* \d+x [\d.]+ ms/);
});

test('TOKENTRIM_DEBUG asks for it', () => {
  const asked = ['1', 'true', 'yes', '', '0', 'false', undefined].map((TOKENTRIM_DEBUG) => {
    return isLaunchLogAsked({ TOKENTRIM_DEBUG });
  });
  expect(asked).toEqual([true, true, true, false, false, false, false]);
});
