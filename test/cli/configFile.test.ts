import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jsonPlace } from '../../src/cli/jsonPlace.js';
import { misused, parsed } from './parsed.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokentrim-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A file of options, as text or as what is in it. */
function written(contents: unknown, name = 'run.json'): string {
  const path = join(folder, name);
  writeFileSync(path, typeof contents === 'string' ? contents : JSON.stringify(contents));
  return path;
}

const PROMPT = 'a red circle';

test('options by their names here and elsewhere; the command line wins', async () => {
  const config = written({
    prompt: PROMPT,
    frames: 9,
    kvDtype: 'f16',
    'trim-warmup': 3,
    num_inference_steps: [1000, 500],
  });
  expect(await parsed('--config', config)).toMatchObject({
    ...{ given: PROMPT, frames: 9, kvDtype: 'f16', trimWarmup: 3, steps: [1000, 500] },
  });
  expect(await parsed('another', '-c', config, '--num-frames', '13', '--trim-warmup', '1')).toMatchObject({
    ...{ given: 'another', frames: 13, kvDtype: 'f16', trimWarmup: 1 },
  });
  expect(await parsed('--config', config, '--frames', '81')).toMatchObject({ frames: 81 }); // the default, but given
});

test('switches, sizes, seeds, and null for what is left out', async () => {
  const config = written({ trim: false, json: true, size: '64*48', seed: '12345678901234567890', vae: null });
  expect(await parsed(PROMPT, '-c', config)).toMatchObject({
    ...{ trim: false, json: true, width: 64, height: 48, seed: '12345678901234567890' },
  });
  expect(await parsed(PROMPT, '-c', config, '--trim', '--no-json', '-W', '32')).toMatchObject({
    ...{ trim: true, json: false, width: 32, height: 48 },
  });
  expect(await parsed(PROMPT, '-c', written({ noTrim: true }))).toMatchObject({ trim: false });
  expect((await parsed(PROMPT, '-c', written({ seed: -1 }))).seed).toMatch(/^\d+$/);
});

test('what the command line turns off is not held against the file', async () => {
  const config = written({ trimFraction: 0.2, promptsAt: 'prompts.txt' });
  expect(await parsed(PROMPT, '-c', config, '--no-trim')).toEqual({
    ...(await parsed(PROMPT, '--no-trim')),
    ...{ trimFraction: 0.2, config },
  });
  const both = written({ trimFraction: 0.2, trim: false });
  expect(await misused(PROMPT, '-c', both)).toContain('--trim-fraction says how TokenTrim works');
});

test('paths are relative to the file; names of the Hub are none', async () => {
  const config = written({
    out: 'frames/',
    model: 'hf:a/b',
    vae: '/abs/vae.safetensors',
    noise: '../noise.safetensors',
  });
  expect(await parsed(PROMPT, '-c', config)).toMatchObject({
    out: `${folder}/frames/`,
    model: 'hf:a/b',
    vae: '/abs/vae.safetensors',
    noise: join(folder, '../noise.safetensors'),
  });
  expect(await parsed(PROMPT, '-c', written({ model: 'self-forcing' }))).toMatchObject({ model: 'self-forcing' });
});

test('the settings of --json are options again', async () => {
  const trim = { fraction: 0.2, sensitivity: 1, warmup: 3, check: 'first-step', attempts: 2 };
  const dtype = { transformer: 'f16', vae: 'f16', textEncoder: 'f16' };
  expect(await parsed(PROMPT, '-c', written({ trim, dtype, warp: true, section: null }))).toMatchObject({
    ...{ trim: true, trimFraction: 0.2, trimCheck: 'first-step', trimAttempts: 2, dtype: 'f16' },
  });
});

test.each([
  [{ framse: 9 }, '"framse" is no option of generate: did you mean "frames"?'],
  [{ trim_fracton: 0.2 }, 'did you mean "trimFraction"?'],
  [{ qwertyuiop: 1 }, '`tokentrim generate --help` shows them'],
  [{ help: true }, '"help" is no option'],
  [{ frames: '9' }, '"frames" must be a number, found "9"'],
  [{ frames: 0 }, '"frames": expected a whole number of at least 1, found "0"'],
  [{ frames: [9] }, '"frames" must be a number, found [9]'],
  [{ trim: 'no' }, '"trim" must be true or false, found "no"'],
  [{ out: 5 }, '"out" must be a string, found 5'],
  [{ out: '' }, '"out": expected a path, found nothing'],
  [{ seed: 1e20 }, '"seed" must be a whole number, or a string where it is a large one'],
  [{ steps: 'a' }, '"steps" must be a list of numbers, or one number'],
  [{ preset: 'flux' }, '"preset": Allowed choices are self-forcing, rolling-forcing, wan'],
  [{ frames: 9, num_frames: 9 }, '"frames" and "num_frames" are two names of one option'],
  [{ num_output_frames: 21 }, 'use --frames 81'],
  [{ config: 'other.json' }, 'cannot name another'],
  [[1], 'expected an object of options, such as {"frames": 81}, found [1]'],
  ['null', 'expected an object of options'],
  ['{\n "frames": 9,\n}', 'no JSON from line 3, column 1 on: '],
  ['', 'no JSON from line 1, column 1 on: '],
  ['{"trim": {"fracton": 0.2}}', '"trimFracton" is no option of generate: did you mean "trimFraction"?'],
  ['{"__proto__": {"json": true}}', '"__proto__" is no option'],
])('refused: %j', async (contents, message) => {
  expect(await misused(PROMPT, '--config', written(contents))).toContain(message);
});

test.each([
  ['{"a": 1,\n "b": tru }', 2, 10],
  ['// no comments\n{}', 1, 1],
  ["{\n'a': 1}", 2, 1],
  ['{"a": [1,\n2,]}', 2, 3],
  ['{"a": 1}\n\n}', 3, 1],
  ['{"a": "one\ntwo"}', 1, 11],
])('%j stops being JSON at %i:%i', (text, line, column) => {
  expect(jsonPlace(text)).toEqual({ line, column });
});

test('what is no file of options is not waited for', async () => {
  const refusal = async (path: string) => (await parsed(PROMPT, '-c', path).catch((error: Error) => error)) as Error;
  mkdirSync(join(folder, 'folder'));
  expect((await refusal(join(folder, 'folder'))).message).toContain(
    'expected a JSON file with options, found a folder',
  );
  expect((await refusal(join(folder, 'none.json'))).message).toContain('there is no such file');
  const long = await refusal(written(' '.repeat(2 ** 20 + 1)));
  expect(long.message).toContain('of at most 1048576 bytes, found a longer file');
  if (process.platform === 'win32') return;
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  expect((await refusal(join(folder, 'pipe'))).message).toContain('found a named pipe');
});
