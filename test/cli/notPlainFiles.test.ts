import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { expectRefusal, useProgram } from './program.js';

// Opening a named pipe waits for a writer, and reading /dev/zero never ends: each of these would hang, not fail.

const program = useProgram();
const generate = (...args: string[]) => ['generate', 'a red circle', '--frames', '9', ...args];
const pipe = (name: string) => execFileSync('mkfifo', [program.path(name)]);

/** The toy world, with something else in the place of one of its files. */
function model(replaced: string, put: (path: string) => void): void {
  cpSync(toyWorld, program.path('model'), { recursive: true });
  rmSync(program.path(`model/${replaced}`), { force: true });
  put(program.path(`model/${replaced}`));
}

beforeEach(() => pipe('pipe'));

test.each(['config.json', 'tokenizer.json', 'transformer.safetensors', 'vae.safetensors'])(
  'a pipe or a device in the place of %s',
  async (name) => {
    const what = { 'config.json': 'a config.json', 'tokenizer.json': 'a tokenizer.json with a Unigram model' }[name];
    const expected = what ?? 'a file of weights';
    model(name, (path) => execFileSync('mkfifo', [path]));
    await expectRefusal(
      program,
      generate('--model', 'model'),
      `model/${name}: expected ${expected}, found a named pipe`,
    );
    rmSync(program.path('model'), { recursive: true });
    model(name, (path) => symlinkSync('/dev/zero', path));
    await expectRefusal(program, generate('--model', 'model'), `model/${name}: expected ${expected}, found a device`);
  },
);

test('a pipe in the place of an index, of a shard, and of files that are named', async () => {
  const index = 'transformer.safetensors.index.json';
  model('transformer.safetensors', () => pipe(`model/${index}`));
  await expectRefusal(
    program,
    generate('--model', 'model'),
    `${index}: expected an index of shards, found a named pipe`,
  );
  await expectRefusal(program, ['inspect', `model/${index}`], 'expected an index of shards, found a named pipe');
  rmSync(program.path(`model/${index}`));
  writeFileSync(program.path(`model/${index}`), JSON.stringify({ weight_map: { a: 'shard.safetensors' } }));
  pipe('model/shard.safetensors');
  await expectRefusal(
    program,
    generate('--model', 'model'),
    'shard.safetensors: expected a file of weights, found a named',
  );
  for (const flag of ['--checkpoint', '--vae', '--text-encoder', '--noise']) {
    await expectRefusal(program, generate(flag, 'pipe'), 'pipe: expected a file of weights, found a named pipe');
  }
  await expectRefusal(program, generate('--tokenizer', 'pipe'), 'pipe: expected a tokenizer.json, found a named pipe');
  await expectRefusal(program, ['generate', '--prompts-at', 'pipe'], '--prompts-at pipe: expected a text with times');
  await expectRefusal(program, ['generate', '--prompts-at', '/dev/zero'], 'with times and prompts, found a device');
  await expectRefusal(program, ['inspect', 'pipe'], 'pipe: expected a file of weights, found a named pipe');
  await expectRefusal(
    program,
    ['convert', 'pipe', 'out.safetensors'],
    'expected a file of weights, found a named pipe',
  );
});

test('a pipe as case.json, and texts without an end', async () => {
  mkdirSync(program.path('case'));
  pipe('case/case.json');
  const { status, stderr } = await program.run(['parity', 'case']);
  expect(stderr).toContain('case/case.json: expected a case.json, found a named pipe');
  expect(status).toBe(1);
  writeFileSync(program.path('long'), '0: a\n'.repeat(2 ** 19));
  const message = 'expected a text with times and prompts of at most 1048576 bytes, found a longer file';
  await expectRefusal(program, ['generate', '--prompts-at', 'long'], message);
  model('config.json', (path) => writeFileSync(path, `{"name":"${'x'.repeat(2 ** 20)}"}`));
  await expectRefusal(program, generate('--model', 'model'), 'expected a config.json of at most 1048576 bytes');
});

test('pipes in the place of what is cached count as nothing cached', async () => {
  const cache = program.path('cache');
  const run = (out: string) => program.run(generate('--frames', '1', '--out', out), { env: { XDG_CACHE_HOME: cache } });
  expect((await run('a.mp4')).status).toBe(0);
  const files = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const ours = files.map((entry) => join(entry.parentPath, entry.name)).filter((path) => !path.includes('mesa'));
  expect(ours.length).toBeGreaterThan(1);
  for (const path of ours) {
    rmSync(path);
    execFileSync('mkfifo', [path]);
  }
  const { status, stderr } = await run('b.mp4');
  expect({ status, stderr }).toMatchObject({ status: 0 });
});
