import { existsSync, readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { useProgram } from './program.js';

const program = useProgram();

test('a toy in a published layout: its files, and a summary', async () => {
  const { status, stdout, stderr } = await program.run(['synthesize', 'made', '--like', 'toy', '--seed', '5']);
  expect(stdout).toMatch(/^ +7\.0 MB {2}made\/diffusion_pytorch_model\.safetensors$/m);
  expect(stdout).toMatch(/^15\.8 MB of random weights in [\d.]+ s \([\d.]+ .B\/s\), seed 5$/m);
  expect(stdout).toContain("the tokenizer is the toy world's, with ids below 420");
  expect(stderr).toContain('synthesize MB 100%');
  expect(status).toBe(0);
  expect(program.files().filter((file) => statSync(program.path(file)).isFile())).toEqual([
    'made/Wan2.1_VAE.pth',
    'made/config.json',
    'made/diffusion_pytorch_model.safetensors',
    'made/google/umt5-xxl/tokenizer.json',
    'made/models_t5_umt5-xxl-enc-bf16.pth',
  ]);
});

test('files that are there stay without --force', async () => {
  const args = ['synthesize', 'made', '--like', 'toy', '--layout', 'tokentrim', '--parts', 'vae'];
  expect((await program.run(args)).status).toBe(0);
  const before = readFileSync(program.path('made/vae.safetensors'));
  const refused = await program.run([...args, '--seed', '1']);
  expect(refused.stderr).toMatch(/^error: Cannot write made\/\S+: it is there already, .* --force\.$/m);
  expect(refused.status).toBe(1);
  expect(readFileSync(program.path('made/vae.safetensors')).equals(before)).toBe(true);
  expect((await program.run([...args, '--seed', '1', '--force'])).status).toBe(0);
  expect(readFileSync(program.path('made/vae.safetensors')).equals(before)).toBe(false);
});

test('--dry-run lists a full-size checkpoint and writes nothing', async () => {
  const { status, stdout } = await program.run(['synthesize', 'big', '--like', 'wan2.1-1.3b', '--dry-run']);
  expect(stdout).toMatch(/^ +11\.4 GB {2}big\/models_t5_umt5-xxl-enc-bf16\.pth$/m);
  expect(stdout).toMatch(/^17\.5 GB in all$/m);
  expect(status).toBe(0);
  expect(program.files()).toEqual([]);
});

test('Ctrl-C leaves nothing', async () => {
  const { status, stderr } = await program.run(
    ['synthesize', 'big', '--like', 'wan2.1-1.3b', '--layout', 'tokentrim', '--parts', 'vae'],
    { onStderr: (text, kill) => text.includes('10%') && !text.includes('stopping') && kill('SIGINT') },
  );
  expect(stderr).toContain('interrupted: nothing was written');
  expect(status).toBe(130);
  expect(existsSync(program.path('big'))).toBe(false);
});

test.each([
  [['synthesize', 'made'], "required option '--like <model>' not specified"],
  [['synthesize', 'made', '--like', 'flux'], 'Allowed choices are wan2.1-1.3b, toy'],
  [['synthesize', 'made', '--like', 'toy', '--layout', 'a1111'], 'Allowed choices are official, diffusers'],
  [['synthesize', 'made', '--like', 'toy', '--parts', 'vae,clip'], 'found "clip"'],
  [['synthesize', 'made', '--like', 'toy', '--layers', '0'], 'at least 1'],
])('bad input: %j', async (args, message) => {
  const { status, stdout, stderr } = await program.run(args);
  expect(stderr).toContain(message);
  expect([status, stdout]).toEqual([2, '']);
  expect(program.files()).toEqual([]);
});
