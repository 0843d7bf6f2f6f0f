import { execFile, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { chooseAdapter, deviceOf } from '../../../src/node/adapter/chooseAdapter.js';
import type { ProbedAdapter } from '../../../src/node/adapter/probe.js';
import { readTar } from '../../../src/node/adapter/readTar.js';
import { backendOptions, vulkanRoute } from '../../../src/node/adapter/route.js';
import { requestOn, routesFor } from '../../../src/node/adapter/routesFor.js';
import { lavapipeDriverFiles } from '../../../src/node/adapter/vulkanDrivers.js';
import { adapterKind } from '../../../src/tensor/gpu/adapterKind.js';

// Discovery changes what the whole process can see, so each case runs in a child process, as the command line would.
// Node 20 does not run TypeScript: the files under test are transpiled into a temporary folder first.
const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = fs.mkdtempSync(join(tmpdir(), 'tokentrim-adapter-test-'));
const cache = join(folder, 'cache');
const hasLavapipe = process.platform === 'linux' && lavapipeDriverFiles().length > 0;
const hasSwiftShader = process.platform === 'linux' && process.arch === 'x64';
const hasCompiler = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;

const childScript = `
import { findAdapter } from './node/adapter/findAdapter.js';
import { openGpuDevice } from './node/adapter/openGpuDevice.js'; import { globals } from 'webgpu';
async function openOne(request) {
  const { gpu, ...found } = await findAdapter(request);
  const device = await openGpuDevice(found);
  return { ...found, device };
}
try {
  const variable = process.env.VK_DRIVER_FILES;
  const { name, kind, note, limits, features, device } = await openOne(process.argv[2]);
  // What create() returned is only freed in a later turn of the event loop; the process dies if we let that happen.
  for (let round = 0; round < 5; round++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = globals.GPUBufferUsage;
  const module = device.createShaderModule({ code:
    '@group(0) @binding(0) var<storage, read_write> values: array<u32>;' +
    '@compute @workgroup_size(32) fn main(@builtin(global_invocation_id) id: vec3u) { values[id.x] = id.x * id.x; }' });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const values = device.createBuffer({ size: 256, usage: STORAGE | COPY_SRC });
  const host = device.createBuffer({ size: 256, usage: MAP_READ | COPY_DST });
  const encoder = device.createCommandEncoder(), pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer: values } }] }));
  pass.dispatchWorkgroups(2); pass.end();
  encoder.copyBufferToBuffer(values, 0, host, 0, 256);
  device.queue.submit([encoder.finish()]);
  await host.mapAsync(globals.GPUMapMode.READ);
  const squares = [...new Uint32Array(host.getMappedRange())];
  console.log(JSON.stringify({ name, kind, note, limits, features, squares,
    environmentKept: process.env.VK_DRIVER_FILES === variable,
    device: { binding: device.limits.maxStorageBufferBindingSize, features: [...device.features] } }));
} catch (error) {
  console.log(JSON.stringify({ error: error.name, message: error.message }));
}
`;
const reportScript = `
import { describeAdapters } from './node/adapter/describe.js';
console.log(JSON.stringify(await describeAdapters(process.argv[2])));
`;

beforeAll(() => {
  const files = ['.', 'node/files', 'node/caches', 'node/adapter', 'tensor/gpu'].flatMap((part) =>
    fs.readdirSync(join(root, 'src', part)).map((name) => join(part, name)),
  );
  for (const file of files.filter((name) => name.endsWith('.ts') && name !== 'index.ts')) {
    const source = fs.readFileSync(join(root, 'src', file), 'utf8');
    const target = join(folder, file.replace(/\.ts$/, '.js'));
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    fs.mkdirSync(dirname(target), { recursive: true });
    fs.writeFileSync(target, ts.transpileModule(source, { compilerOptions }).outputText);
  }
  fs.writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  fs.writeFileSync(join(folder, 'find.js'), childScript);
  fs.writeFileSync(join(folder, 'report.js'), reportScript);
  fs.symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

async function run(script: string, request?: string, variables: Record<string, string> = {}) {
  const env: NodeJS.ProcessEnv = { ...process.env, XDG_CACHE_HOME: cache, NODE_OPTIONS: '', ...variables };
  for (const name of ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES']) if (!variables[name]) delete env[name];
  const words = ['--expose-gc', join(folder, script), ...(request ? [request] : [])];
  const { stdout } = await promisify(execFile)(process.execPath, words, { env, cwd: folder });
  return JSON.parse(stdout);
}

const squares = Array.from({ length: 64 }, (_, index) => index * index);
const nowhere = { VK_DRIVER_FILES: '/nowhere/no_such_icd.json' };

describe('a software adapter asked for by name', () => {
  test.skipIf(!hasLavapipe)(
    'lavapipe runs a shader, with its own limits, and leaves the environment alone',
    async () => {
      const found = await run('find.js', 'lavapipe');
      expect(found).toMatchObject({ kind: 'lavapipe', squares, environmentKept: true });
      expect(found.device.binding).toBe(found.limits.maxStorageBufferBindingSize);
      expect(found.device.features).toContain('timestamp-query');
    },
  );

  test.skipIf(!hasSwiftShader)(
    'SwiftShader runs a shader, also from two processes that unpack it at once',
    async () => {
      const fresh = { XDG_CACHE_HOME: join(folder, 'fresh') };
      const both = await Promise.all([run('find.js', 'swiftshader', fresh), run('find.js', 'SwiftShader', fresh)]);
      for (const found of both) {
        expect(found).toMatchObject({ kind: 'swiftshader', squares });
        expect(found.device.binding).toBe(found.limits.maxStorageBufferBindingSize);
      }
      const left = fs.readdirSync(join(folder, 'fresh/tokentrim')).filter((name) => name.startsWith('swiftshader'));
      expect(left).toHaveLength(1);
    },
  );

  test.skipIf(!hasSwiftShader)('SwiftShader is unpacked again when a cleaner took one of its files', async () => {
    const cleaned = { XDG_CACHE_HOME: join(folder, 'cleaned') };
    await run('find.js', 'swiftshader', cleaned);
    const unpacked = fs.readdirSync(join(folder, 'cleaned/tokentrim')).find((name) => name.startsWith('swiftshader'))!;
    const library = join(folder, 'cleaned/tokentrim', unpacked, 'libvk_swiftshader.so');
    fs.rmSync(library);
    expect(await run('find.js', 'swiftshader', cleaned)).toMatchObject({ kind: 'swiftshader', squares });
    expect(fs.existsSync(library)).toBe(true);
  });

  test.skipIf(!hasLavapipe)('is found even if VK_DRIVER_FILES names another driver', async () => {
    expect(await run('find.js', 'lavapipe', nowhere)).toMatchObject({
      kind: 'lavapipe',
      squares,
      environmentKept: true,
    });
  });
});

describe('the search for the best adapter', () => {
  test.skipIf(!hasSwiftShader)('ends at SwiftShader on a machine without a driver', async () => {
    const found = await run('find.js', undefined, nowhere);
    expect(found).toMatchObject({ kind: 'swiftshader', squares });
    expect(found.note).toMatch(/runs on the processor.*doctor/);
  });

  test.skipIf(!hasCompiler || !hasSwiftShader)('survives a driver that ends the process that loads it', async () => {
    const library = join(folder, 'crash.so');
    const source = '#include <stdlib.h>\n__attribute__((constructor)) static void crash(void) { abort(); }\n';
    spawnSync('cc', ['-shared', '-fPIC', '-x', 'c', '-', '-o', library], { input: source });
    const driver = join(folder, 'crash_icd.json');
    const json = { file_format_version: '1.0.0', ICD: { library_path: library, api_version: '1.3.0' } };
    fs.writeFileSync(driver, JSON.stringify(json));
    const found = await run('find.js', undefined, { VK_DRIVER_FILES: driver });
    expect(found).toMatchObject({ kind: 'swiftshader', squares });
    expect(found.note).toContain('SIGABRT');
  });

  test('refuses an unknown name with what there is and what to do', async () => {
    const { error, message } = await run('find.js', 'no such card');
    expect(error).toBe('TokenTrimError');
    expect(message).toContain('"no such card"');
    expect(message).toContain("the system's drivers:");
    expect(message).toContain('--adapter reference');
    if (hasSwiftShader) expect(message).toContain('SwiftShader Device (Subzero)');
  });

  test('does not take a software adapter for a graphics card', async () => {
    const { error, message } = await run('find.js', 'gpu', nowhere);
    expect(error).toBe('TokenTrimError');
    expect(message).toContain('A graphics card was asked for');
  });
});

describe.skipIf(!hasSwiftShader)('the report for doctor', () => {
  test('lists what runs, marks what would be taken and advises', async () => {
    const report = await run('report.js', 'swiftshader', nowhere);
    const taken = report.adapters.filter((adapter: { chosen: boolean }) => adapter.chosen);
    expect(taken).toHaveLength(1);
    expect(taken[0]).toMatchObject({ kind: 'swiftshader', source: 'swiftshader' });
    expect(taken[0].problem).toBeUndefined();
    expect(taken[0].limits.maxBufferSize).toBeGreaterThan(0);
    expect(report.problems.map(({ source }: { source: string }) => source)).toContain('system');
    expect(report.advice.join('\n')).toContain('bookworm-backports');
  });
});

describe('kinds', () => {
  const identity = { vendor: '', architecture: '', device: '', description: '', isFallbackAdapter: false };
  test.each([
    ['gpu', { vendor: 'nvidia', architecture: 'hopper', device: 'nvidia-h200', description: 'NVIDIA: 570.86.15' }],
    ['gpu', { vendor: 'intel', architecture: 'xe', description: 'Intel open-source Mesa driver: Mesa 25.0.7' }],
    ['gpu', { vendor: 'apple', architecture: 'metal-3', description: 'Metal driver on macOS Version 15.1' }],
    [
      'lavapipe',
      { vendor: 'mesa', architecture: 'software', description: 'llvmpipe: Mesa 25.0.7', isFallbackAdapter: true },
    ],
    ['swiftshader', { vendor: 'google', architecture: 'swiftshader', isFallbackAdapter: true }],
    ['software', { vendor: 'microsoft', description: 'Microsoft Basic Render Driver' }],
    ['software', { vendor: 'unheard-of', isFallbackAdapter: true }],
  ])('%s: %o', (kind, members) => {
    expect(adapterKind({ ...identity, ...members })).toBe(kind);
  });

  test('a card that works is taken before any other, one that fails never', () => {
    const make = (name: string, kind: ProbedAdapter['kind'], problem?: string): ProbedAdapter => ({
      name,
      kind,
      description: '',
      features: [],
      limits: {},
      problem,
    });
    const pipe = make('llvmpipe', 'lavapipe');
    const broken = make('Old Card', 'gpu', 'lost');
    const first = make('Big Card', 'gpu');
    const second = make('Small Card', 'gpu');
    expect(chooseAdapter([pipe, broken, first, second])).toBe(first);
    expect(chooseAdapter([pipe, broken])).toBe(pipe);
    expect(chooseAdapter([pipe, broken, first, second], 'small')).toBe(second);
    const longer = make('Small Card Ti', 'gpu');
    expect(chooseAdapter([longer, second], 'small card')).toBe(second);
    expect(chooseAdapter([longer, second], 'small')).toBe(longer);
    expect(chooseAdapter([pipe, broken], 'gpu')).toBeUndefined();
    expect(chooseAdapter([broken], 'old card')).toBeUndefined();
  });
});

describe('readTar', () => {
  function entry(name: string, contents: string): Buffer {
    const block = Buffer.alloc(512);
    block.write(name, 0);
    block.write(`${contents.length.toString(8).padStart(11, '0')}\0`, 124);
    block.write('0', 156);
    const padding = Buffer.alloc((512 - (contents.length % 512)) % 512);
    return Buffer.concat([block, Buffer.from(contents), padding]);
  }
  const list = (archive: Buffer) => [...readTar(archive)].map(({ name, contents }) => [name, contents.toString()]);

  test('gives names and contents across block boundaries', () => {
    const files: [string, string][] = [
      ['one', ''],
      ['two', 'x'.repeat(513)],
      ['three', 'y'],
    ];
    const archive = Buffer.concat([...files.map((file) => entry(...file)), Buffer.alloc(1024)]);
    expect(list(archive)).toEqual(files);
  });

  test('refuses an archive that is cut short', () => {
    const archive = entry('two', 'x'.repeat(600));
    expect(() => list(archive.subarray(0, 700))).toThrow('ends inside two');
  });
});

describe('on Windows', () => {
  const routes = (request?: string) => [...routesFor(request)].map(({ name }) => name);
  const { platform } = process;
  const on = (value: string) => Object.defineProperty(process, 'platform', { value });
  afterEach(() => on(platform));

  test('a card is looked for through Vulkan, then through Direct3D 12, unless one of them is asked for', () => {
    on('win32');
    expect(routes('gpu')).toEqual(['vulkan', 'system']);
    expect(routes('vulkan')).toEqual(['vulkan']);
    expect(routes('d3d12')[0]).toBe('system');
    expect(['vulkan', 'd3d12', undefined].map((request) => requestOn(vulkanRoute(), request))).toEqual(
      Array(3).fill('gpu'),
    );
    expect(requestOn({ name: 'system' }, undefined)).toBeUndefined();
    expect(backendOptions(vulkanRoute())).toEqual(['backend=vulkan']);
    expect(backendOptions({ name: 'system' })).toEqual([]);
  });

  test('and elsewhere not', () => {
    on('darwin');
    expect(routes('gpu')).not.toContain('vulkan');
    expect(requestOn({ name: 'system' }, 'vulkan')).toBe('vulkan');
  });
});

test('a name is that of a device in other letters', () => {
  expect(deviceOf('llvmpipe (LLVM 15.0.6, 256 bits)')).toBe('llvmpipe-llvm-15-0-6-256-bits-');
  expect(deviceOf('NVIDIA H200')).toBe('nvidia-h200');
});
