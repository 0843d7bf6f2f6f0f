import { expect, test } from 'vitest';
import type { KeyType } from '../../../src/kernels/rows/keyType.js';
import type { WeightType } from '../../../src/models/wan/loadTensors.js';
import { openModelFolder } from '../../../src/node/model/modelFolder.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { weightTypes } from '../../../src/pipelines/plan/weightTypes.js';

test.each<[WeightType | undefined, KeyType | undefined, WeightType, KeyType]>([
  [undefined, undefined, 'f16', 'f16'], // the toy world is in float16
  ['f32', undefined, 'f32', 'f32'],
  ['bf16', undefined, 'bf16', 'f16'],
  ['f16', undefined, 'f16', 'f16'],
  [undefined, 'bf16', 'f16', 'bf16'],
  ['bf16', 'f32', 'bf16', 'f32'],
  ['bf16', 'i8', 'bf16', 'i8'],
])('weights %s and keys %s', async (dtype, kvDtype, weights, keys) => {
  const folder = await openModelFolder(toyWorld);
  const types = weightTypes(folder, dtype, kvDtype);
  await folder.close();
  expect(types).toEqual({ transformer: weights, vae: weights, textEncoder: weights, keys });
});
