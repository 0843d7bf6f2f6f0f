import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { writeSafetensors } from '../../src/node/weights/writeSafetensors.js';
import { renamed, toyTensors, writeTorch } from '../support/publishedLayouts.js';
import { call, type Pickled } from '../weights/torch/pickleWriter.js';
import { dense, float32, writeTorchZip } from '../weights/torch/torchWriter.js';
import { expectRefusal, useProgram } from './program.js';

const program = useProgram();

const generate = (...args: string[]) => ['generate', 'a red circle', '--frames', '9', ...args];
const toy = (name: string) => join(toyWorld, name);

test('files that are another part of a model, or no weights at all', async () => {
  writeFileSync(program.path('text.txt'), 'this is no weight file');
  writeFileSync(program.path('empty.pt'), '');
  mkdirSync(program.path('folder'));
  for (const [flag, path, message] of [
    ['--checkpoint', toy('vae.safetensors'), 'expected the tensors of a Wan2.1 transformer, found those of a vae'],
    ['--vae', toy('transformer.safetensors'), 'expected the tensors of a Wan2.1 vae, found those of a transformer'],
    ['--text-encoder', toy('vae.safetensors'), 'expected the tensors of a Wan2.1 text-encoder, found those of a vae'],
    ['--checkpoint', 'text.txt', 'found a file that begins with "this is no weigh'],
    ['--checkpoint', 'empty.pt', 'found an empty file'],
    ['--checkpoint', 'folder', 'in this folder, found nothing'],
    ['--model', 'folder', 'folder: these parts of a model are missing'],
    ['--model', 'text.txt', 'text.txt: expected a model folder, found a file'],
  ]) {
    await expectRefusal(program, generate(flag, path), message);
  }
});

test('a tokenizer.json that is not one; what is binary in it does not reach the terminal', async () => {
  writeFileSync(program.path('list.json'), '{"model":{"type":"WordPiece","vocab":{}}}');
  writeFileSync(program.path('text.json'), 'not json');
  writeFileSync(program.path('binary.json'), Buffer.from('\u001b[31m\u0000\r\u0007'));
  for (const path of ['list.json', 'text.json', 'binary.json', toy('config.json')]) {
    await expectRefusal(
      program,
      generate('--tokenizer', path),
      `${path}: expected a tokenizer.json with a Unigram model`,
    );
  }
  const { stderr } = await program.run(generate('--tokenizer', 'binary.json'));
  expect(stderr).toContain('\\u001b');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
  expect(stderr).not.toMatch(/[\x00-\x08\x0b-\x1f]/);
});

test('a text encoder of another width', async () => {
  const tensors = await toyTensors('text-encoder');
  const narrow = new Map(
    [...tensors].map(([name, { dtype, shape }]) => {
      const half = shape.map((size) => (size === 64 ? 32 : size));
      const count = half.reduce((product, size) => product * size, 1);
      return [name, { dtype, shape: half, data: new Uint16Array(count) }];
    }),
  );
  await writeSafetensors(program.path('narrow.safetensors'), narrow);
  const message = 'the transformer reads text of width 64, the text encoder writes 32: they are not a pair';
  await expectRefusal(program, generate('--text-encoder', 'narrow.safetensors'), message);
});

test('a section that a training checkpoint does not have', async () => {
  const tensors = renamed(await toyTensors('transformer'), (name) => `model.${name}`);
  await writeTorch(program.path('training.pt'), { generator: tensors });
  const args = generate('--checkpoint', 'training.pt', '--section', 'generator_ema');
  await expectRefusal(program, args, 'there is no section "generator_ema" in it: it has "generator"');
});

test('a PyTorch file that wants to run a command', async () => {
  const weights = float32('0', 1, 2, 3, 4);
  const root = new Map<Pickled, Pickled>([
    ['w', dense(weights, [2, 2])],
    ['x', call('posix system', 'touch pwned')],
  ]);
  await writeTorchZip(program.path('hostile.pt'), root, [weights]);
  const message = 'asks for "posix.system", which tensors do not need';
  await expectRefusal(program, generate('--checkpoint', 'hostile.pt'), message);
  await expectRefusal(program, generate('--vae', 'hostile.pt'), message);
  await expectRefusal(program, ['convert', 'hostile.pt', 'out.safetensors'], message);
  cpSync(program.path('hostile.pt'), program.path('short.pt'));
  truncateSync(program.path('short.pt'), readFileSync(program.path('short.pt')).length - 30);
  await expectRefusal(program, generate('--checkpoint', 'short.pt'), 'The file is cut short or damaged');
});
