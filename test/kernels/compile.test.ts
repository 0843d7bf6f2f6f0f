import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findAdapter } from '../../src/node/adapter/findAdapter.js';
import { openGpuDevice } from '../../src/node/adapter/openGpuDevice.js';
import { openNullDevice } from '../support/nullDevice.js';

const FOLDER = new URL('../../src/kernels/', import.meta.url);
const KERNELS = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.wgsl'));

// The twins alone are under test where the adapter is `reference`; the WGSL must compile all the same.
const request = process.env.TOKENTRIM_ADAPTER;
const gpu = await openGpuDevice(await findAdapter(request === 'reference' ? undefined : request || undefined));
const nothing = await openNullDevice();
afterAll(() => gpu.destroy());

const sourceOf = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8');
const headerOf = (source: string) =>
  source
    .slice(0, source.search(/^(?!\/\/)/m))
    .split('\n')
    .map((line) => line.replace(/^\/\/ ?/, ''));

test('there are kernels', () => expect(KERNELS.length).toBeGreaterThanOrEqual(14));

describe.each(KERNELS)('%s', (name) => {
  const source = sourceOf(name);
  const header = headerOf(source);

  const needsSubgroups = source.includes('enable subgroups;');
  const needsMatrices = source.includes('enable chromium_experimental_subgroup_matrix;');
  // Dawn's null backend reads the WGSL of what hardly any adapter has.
  const compiler = needsMatrices ? nothing : gpu;

  test.skipIf(needsSubgroups && !compiler.features.has('subgroups'))('compiles without a message', async () => {
    const module = compiler.createShaderModule({ code: source });
    const { messages } = await module.getCompilationInfo();
    expect(messages.map(({ lineNum, message }) => `${name}:${lineNum} ${message}`)).toEqual([]);
  });

  test('says in its header: formula, bindings, grid, precision, twin', () => {
    expect(header[0], 'the first line is what the kernel computes').toMatch(/\S/);
    const parts = ['Bindings:', 'Grid:', 'Precision:', 'Twin:'];
    const found = header.map((line) => parts.find((part) => line.startsWith(part))).filter(Boolean);
    expect(found).toEqual(parts);
  });

  test('names a twin that exists', () => {
    const twin = header.find((line) => line.startsWith('Twin:'))?.replace('Twin: ', '') ?? '';
    expect(twin).toMatch(/^\w+\.twin\.ts$/);
    const path = join(dirname(name), twin); // beside the kernel
    expect(existsSync(new URL(path, FOLDER))).toBe(true);
    // The twin's own comment says which kernel it stands for.
    expect(sourceOf(path)).toContain(`\`${basename(name)}\``);
  });

  test('fits what every WebGPU device grants: 8 storage buffers, 64 invocations', () => {
    expect(source.match(/var<storage/g)?.length).toBeLessThanOrEqual(8);
    const size = name.includes('.subgroup.')
      ? 'SUBGROUP'
      : needsMatrices
        ? '(4u|DOWN \\* ALONG|SUBGROUPS) \\* SUBGROUP'
        : '64';
    expect(source).toMatch(new RegExp(`@workgroup_size\\(${size}\\)`));
  });
});
