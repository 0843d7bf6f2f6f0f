import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { renamed, toyTensors, writeTorch } from '../support/publishedLayouts.js';
import { useProgram } from './program.js';

const program = useProgram();

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/parity/${name}`, import.meta.url));

test('parity: outputs and decisions of cases that agree', async () => {
  const cases = [fixture('torch-randn'), fixture('tokentrim-self-forcing-global')];
  const { status, stdout } = await program.run(['parity', ...cases]);
  expect(stdout).toMatch(/^ {2}ok {3}latents .* \/ 1\.0e-[45]$/m);
  expect(stdout).toMatch(/^ +2 {2}8\.3011 \/ 8\.3011 +true \/ true +7\.5156 \/ 7\.5156 +2 7 10$/m);
  expect(stdout).toMatch(/^2 of 2 cases within tolerance on /m);
  expect(status).toBe(0);
});

test('parity: a changed weight is found, and where it shows first', async () => {
  cpSync(fixture('dit-causal-kv'), program.path('case'), { recursive: true });
  const weights = readFileSync(program.path('case/weights.safetensors'));
  const headerBytes = 8 + Number(weights.readBigUInt64LE(0));
  const header = JSON.parse(weights.toString('utf8', 8, headerBytes));
  weights.writeFloatLE(3, headerBytes + header['blocks.0.self_attn.q.weight'].data_offsets[0]);
  writeFileSync(program.path('case/weights.safetensors'), weights);

  const { status, stdout } = await program.run(['parity', 'case', fixture('rope'), '--json']);
  expect(status).toBe(1);
  const [broken, right] = JSON.parse(stdout);
  expect(broken).toEqual({
    case: 'case',
    kind: 'dit-causal-kv',
    adapter: right.adapter,
    tolerance: right.tolerance,
    outputs: expect.any(Array),
    skipped: [],
    decisions: [],
    checks: [],
    forms: expect.objectContaining({ linear: expect.any(Array), attention: expect.any(Array) }),
    passed: false,
  });
  expect(broken.outputs.find((output: { passed: boolean }) => !output.passed)).toMatchObject({
    name: 'call00.flow',
    shape: [1, 3, 16, 6, 8],
    maxError: expect.any(Number),
    breaksAt: { index: expect.any(Array), actual: expect.any(Number), expected: expect.any(Number) },
  });
  expect(right.passed).toBe(true);
});

test('parity: a tolerance that nobody keeps, and folders that are no cases', async () => {
  const strict = await program.run(['parity', fixture('schedulers'), fixture('rope'), '--tolerance', '1e-20']);
  expect(strict.status).toBe(1);
  expect(strict.stdout).toMatch(/FAILED: .*first broken: /);

  cpSync(fixture('torch-randn'), program.path('short'), { recursive: true });
  truncateSync(program.path('short/outputs.safetensors'), 4000);
  const { status, stdout, stderr } = await program.run(['parity', 'short', '.', fixture('torch-randn')]);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^error: short\/outputs\.safetensors: .* The file is cut short/m);
  expect(stderr).toContain('error: .: not a parity case');
  expect(stdout).toContain('1 of 3 cases within tolerance');
});

test('inspect: a model folder, one file of it, and things that are neither', async () => {
  const folder = await program.run(['inspect', toyWorld]);
  expect(folder.status).toBe(0);
  expect(folder.stdout.match(/all there, none unexpected, all shapes right/g)).toHaveLength(3);
  expect(folder.stdout).toContain('complete: give this folder to --model');

  const file = await program.run(['inspect', join(toyWorld, 'transformer.safetensors'), '--json']);
  const [{ part, naming, tensors, check }] = JSON.parse(file.stdout);
  expect({ part, naming, tensors }).toEqual({ part: 'transformer', naming: 'official', tensors: 177 });
  expect(check).toEqual({ missing: [], unexpected: [], wrongShape: [], unreadable: [] });

  writeFileSync(program.path('text.safetensors'), 'this is no weight file');
  for (const path of ['text.safetensors', 'nowhere', '.']) {
    const { status, stdout, stderr } = await program.run(['inspect', path]);
    expect(status).toBe(1);
    expect(stdout + stderr).toMatch(/expected|claims|damaged/);
    expect(stderr).not.toMatch(/\n\s+at /);
  }
});

test('inspect and convert: a training checkpoint becomes a file that inspect knows', async () => {
  const tensors = await toyTensors('transformer');
  await writeTorch(program.path('checkpoints/self_forcing_dmd.pt'), {
    generator: tensors,
    generator_ema: renamed(tensors, (name) => `model._fsdp_wrapped_module.${name}`),
  });
  const about = await program.run(['inspect', 'checkpoints/self_forcing_dmd.pt']);
  expect(about.stdout).toContain(
    "this is      Self Forcing's training checkpoint: Wan2.1 transformer, 128 wide, 6 layers",
  );
  expect(about.stdout).toMatch(/format {7}PyTorch \(zip\): read without running code from it/);
  expect(about.stdout).toMatch(/section {6}generator_ema: 177 tensors, 1,757,632 parameters, 3\.5 MB, used/);
  expect(about.stdout).toContain('official names behind model._fsdp_wrapped_module.');

  const converted = await program.run(['convert', 'checkpoints', 'out.safetensors', '--dtype', 'bf16', '--json']);
  expect(converted.stderr).toMatch(/^MB 100% /m);
  expect(JSON.parse(converted.stdout)).toMatchObject({ to: 'out.safetensors', tensors: 177 });
  expect(converted.status).toBe(0);
  const result = await program.run(['inspect', 'out.safetensors', '--json']);
  expect(JSON.parse(result.stdout)[0]).toMatchObject({ part: 'transformer', sections: {}, dtypes: { BF16: 177 } });

  const again = await program.run([
    'convert',
    'checkpoints',
    'out.safetensors',
    '--dtype',
    'f32',
    '--no-metadata',
    '--quiet',
  ]);
  expect([again.status, again.stderr]).toEqual([0, '']); // what it wrote it replaces, and it says nothing
  const others = await program.run(['convert', 'checkpoints', 'out.safetensors']);
  expect(others.status).toBe(1); // without metadata nobody can say whose it is
  expect(others.stderr).toMatch(/^error: Cannot write out\.safetensors: it is there already.*--force\.\n$/);
  const folder = await program.run(['inspect', '.']);
  expect(folder.stdout).toMatch(/model {8}not complete\n {15}\.: these parts of a model are missing:\n {17}VAE: /);
  expect(program.files().filter((name) => /tmp|partial|lock/.test(name))).toEqual([]);
});

test('convert: bad input', async () => {
  writeFileSync(program.path('page.pt'), '<html>');
  for (const [expected, ...args] of [
    [1, 'page.pt'],
    [1, 'none.pt'],
    [1, toyWorld],
    [2, toyWorld, '--part', 'head'],
    [2, toyWorld, '--dtype', 'f8'],
  ] as [number, string, ...string[]][]) {
    const { status, stderr } = await program.run(['convert', args[0], 'out.safetensors', ...args.slice(1)]);
    expect(status).toBe(expected);
    expect(stderr).toMatch(/expected|Allowed choices/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(program.files()).toEqual(['page.pt']);
  }
});

test('doctor says which adapter would be used, in words and as JSON', async () => {
  const words = await program.run(['doctor']);
  expect(words.stdout.match(/<- would be used/g)).toHaveLength(1);
  expect(words.status).toBe(0);
  const json = await program.run(['doctor', '--json', '--adapter', 'voodoo']);
  expect(json.status).toBe(1);
  const { adapters, encoders } = JSON.parse(json.stdout);
  expect(adapters.some(({ chosen }: { chosen: boolean }) => chosen)).toBe(false);
  expect(encoders.map(({ name }: { name: string }) => name)).toEqual(['h264']);
});

test('help: alone, for a command, and after a mistake', async () => {
  const alone = await program.run([]);
  expect(alone).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^Usage: tokentrim/) });
  const generate = await program.run(['generate', '--help']);
  expect(generate.status).toBe(0);
  for (const option of ['--trim-check', '--save-noise', '--adapter', '--json']) {
    expect(generate.stdout).toContain(option);
  }
  const mistake = await program.run(['generat']);
  expect(mistake.status).toBe(2);
  expect(mistake.stderr).toContain("unknown command 'generat'");
});
