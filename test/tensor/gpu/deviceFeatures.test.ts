import { expect, test } from 'vitest';
import { expectedForm, isProcessor } from '../../../src/kernels/forms/form.js';
import { NO_FEATURES } from '../../../src/tensor/device.js';
import { featuresOf, type SubgroupMatrixConfig } from '../../../src/tensor/gpu/deviceFeatures.js';
import { SUBGROUP_MATRICES } from '../../../src/tensor/gpu/requestDevice.js';

const config = (size: number, componentType: string, resultComponentType = 'f32'): SubgroupMatrixConfig => ({
  M: size,
  N: size,
  K: size,
  componentType,
  resultComponentType,
});

/** Features of a device with subgroups of 32, which has what is named. */
function featuresWith(names: readonly string[], configs: readonly SubgroupMatrixConfig[], most = 256, lanes = 32) {
  return featuresOf({
    features: new Set(names),
    limits: {
      maxComputeInvocationsPerWorkgroup: most,
      maxComputeWorkgroupSizeX: most,
      maxComputeWorkgroupStorageSize: 32768,
    },
    adapterInfo: { subgroupMinSize: lanes, subgroupMaxSize: lanes, subgroupMatrixConfigs: configs },
  } as unknown as GPUDevice);
}

const all = ['subgroups', 'shader-f16', SUBGROUP_MATRICES];
const apple = [config(8, 'f32'), config(8, 'f16', 'f16')];
const nvidia = [config(16, 'f16', 'f16'), config(16, 'f16'), config(16, 'u8', 'u32')];

test('without subgroups there is nothing', () => {
  expect(featuresWith(['shader-f16', SUBGROUP_MATRICES], apple)).toEqual(NO_FEATURES);
});

test('a software adapter without subgroups is no graphics card, and runs the plain forms', () => {
  const of = (isFallbackAdapter: boolean) =>
    featuresOf({
      features: new Set<string>(),
      limits: {},
      adapterInfo: { vendor: '', architecture: '', device: '', description: '', isFallbackAdapter },
    } as unknown as GPUDevice);
  expect(of(true)).toEqual({ ...NO_FEATURES, software: true });
  expect(of(false)).toEqual(NO_FEATURES);
  expect([of(true), of(false)].map(isProcessor)).toEqual([true, false]);
  const forms = ['plain', 'tiled'] as const;
  expect([of(true), of(false)].map((features) => expectedForm({ features }, forms))).toEqual(['plain', 'tiled']);
});

test.each([
  ['those of Apple', all, apple, 'f32'],
  ['those of NVIDIA', all, nvidia, 'f16'],
  ['both', all, [...nvidia, ...apple], 'f32'],
  ['f16 that shaders may not use', ['subgroups', SUBGROUP_MATRICES], nvidia, undefined],
  ['a feature that is off', ['subgroups', 'shader-f16'], apple, undefined],
  ['sums in f16 alone', all, [config(16, 'f16', 'f16')], undefined],
  ['another shape', all, [{ ...config(16, 'f16'), M: 8 }], undefined],
  ['none', all, [], undefined],
])('matrices: %s', (_, names, configs, expected) => {
  const known = { subgroups: true, minSubgroupSize: 32, maxSubgroupSize: 32 };
  // Forms with matrices of f16 come in shapes that not every workgroup has room for.
  const room = expected === 'f16' ? { workgroupBytes: 32768, workgroupInvocations: 256 } : {};
  expect(featuresWith(names, configs)).toEqual(expected ? { ...known, matrices: expected, ...room } : known);
});

test('no matrices where four subgroups are more than a workgroup may have', () => {
  expect(featuresWith(all, apple, 256, 128).matrices).toBeUndefined();
});
