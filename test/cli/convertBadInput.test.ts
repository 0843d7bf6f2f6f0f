import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { expectRefusal, expectUsageError, useProgram } from './program.js';

const program = useProgram();

test('convert: onto its own input, a file that is there, and names that are no weight file', async () => {
  mkdirSync(program.path('checkpoint'));
  mkdirSync(program.path('folder'));
  cpSync(join(toyWorld, 'transformer.safetensors'), program.path('checkpoint/dit.safetensors'));
  writeFileSync(program.path('mine.safetensors'), 'mine');
  const own = 'checkpoint/dit.safetensors';
  for (const [args, message] of [
    [[own, own], 'this is the file that is read'],
    [[own, own, '--force'], 'this is the file that is read'],
    [['checkpoint', own, '--force'], 'this is the file that is read'],
    [[own, 'mine.safetensors'], 'it is there already, and this program did not write it'],
    [[own, 'folder', '--force'], 'expected the name of a .safetensors file'],
    [[own, 'mine.safetensors/out.safetensors'], 'mine.safetensors'],
    [['mine.safetensors', 'out.safetensors'], 'mine.safetensors'],
    [[own, 'out.safetensors', '--section', 'ema'], 'there is no section "ema" in it'],
  ] as const) {
    await expectRefusal(program, ['convert', ...args], message);
  }
  await expectUsageError(program, ['convert', own, ''], 'expected a path, found nothing');
  await expectUsageError(program, ['convert', own], 'there is no file to write');
  await expectUsageError(program, ['convert', own, 'a.safetensors', '-o', 'b.safetensors'], 'there are two files');
  // No folder can be made there, not even by root.
  const out =
    process.platform === 'linux' ? '/proc/out.safetensors' : join(toyWorld, 'vae.safetensors', 'out.safetensors');
  await expectRefusal(program, ['convert', own, out], out);
});

test('inspect and parity: nothing there, and nothing of the kind', async () => {
  writeFileSync(program.path('text.txt'), 'this is no weight file');
  await expectRefusal(program, ['inspect', 'nowhere'], 'expected a weight file or a model folder, found nothing');
  await expectRefusal(program, ['inspect', 'text.txt'], 'found a file that begins with');
  await expectUsageError(program, ['inspect'], "missing required argument 'path'");
  await expectUsageError(program, ['parity'], "missing required argument 'case'");
  await expectRefusal(program, ['parity', 'text.txt', '--json', '--adapter', 'voodoo'], 'answers to "voodoo"');
  await expectUsageError(program, ['doctor', 'extra'], 'too many arguments');
});
