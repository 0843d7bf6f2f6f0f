import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { openFrameSink } from '../../src/media/frameSink.js';
import { drawToy, RED_CIRCLE } from '../measures/support/toyVideo.js';
import { dense, float32, writeTorchZip } from '../weights/torch/torchWriter.js';

const home = mkdtempSync(join(tmpdir(), 'tokentrim-measure-cli-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(home, 'test-'));
});
const at = (name: string) => join(folder, name);

/** Runs a command in this process; what it prints on standard output. */
async function run(...args: readonly string[]): Promise<string> {
  let said = '';
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await createProgram().parseAsync(['node', 'tokentrim', 'measure', ...args]);
    return said;
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

const PROMPT = 'a red circle stands still on a navy background';
const GREEN = [48, 201, 70] as const;

/** A video of 32 frames at 16 a second, half of which are green; or a folder of them. */
async function writeVideo(path: string, description?: string): Promise<void> {
  const sink = await openFrameSink(path, { width: 64, height: 64, fps: 16, tags: { description } });
  const frames = [RED_CIRCLE, { ...RED_CIRCLE, color: GREEN }].map((drawn) => {
    const rgba = new Uint8Array(64 * 64 * 4).fill(255);
    const rgb = drawToy(drawn);
    for (let pixel = 0; pixel < 64 * 64; pixel++) rgba.set(rgb.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
    return rgba;
  });
  for (let index = 0; index < 32; index++) {
    await sink.write({ width: 64, height: 64, rgba: frames[index < 16 ? 0 : 1] });
  }
  await sink.close();
}

test('a video and a folder say themselves what they are measured against', async () => {
  for (const name of ['video.mp4', 'frames']) {
    await writeVideo(at(name), PROMPT);
    const { inputs } = JSON.parse(await run(at(name), '--json'));
    expect(inputs).toHaveLength(1);
    const [{ input, truth, frames, times, measures }] = inputs;
    expect([input, frames, times]).toEqual([at(name), 32, [1, 2]]);
    expect(truth).toEqual({ color: 'red', shape: 'circle', motion: 'stands still', background: 'navy' });
    expect(measures.rightColor.values, name).toEqual([1, 0]);
    expect(measures.rightShape.values, name).toEqual([1, 1]);
    expect(measures.centreError.mean).toBeLessThan(0.3);
  }
  const [{ truth, measures }] = JSON.parse(
    await run(at('frames'), '--json', '--prompt', PROMPT.replace('red', 'green'), '--fps', '8'),
  ).inputs;
  expect(truth.color).toBe('green');
  expect(measures.rightColor.values).toEqual([0, 0, 1, 1]); // the same frames at half the rate
});

test('several inputs stand below each measure, and go to files', async () => {
  await writeVideo(at('a.mp4'));
  await writeVideo(at('b'), PROMPT);
  const args = [at('a.mp4'), at('b')];
  const table = await run(...args);
  expect(table).toMatch(/^measure +1 s +first 15% +last 15% +5 s drift\n/);
  expect(table).toMatch(/^colour difference \(CIEDE2000, lower is better\)\n {2}\S+a\.mp4 .*\n {2}\S+b .*\n/m);
  expect(table).toMatch(/^right colour \(share of frames, higher is better\)\n {2}\S+b +1 +1 +0 +-\nshape/m);
  expect(await run(...args, '--csv', '--out', at('out.csv'))).toBe(table);
  const lines = readFileSync(at('out.csv'), 'utf8').trim().split('\n');
  expect(lines[0]).toBe('input,measure,unit,seconds,value');
  expect(lines).toContain(`${at('b')},rightColor,share of frames,2,0`);
  await run(...args, '--json', '--out', at('out.csv')); // its own is replaced
  expect(JSON.parse(readFileSync(at('out.csv'), 'utf8')).inputs).toHaveLength(2);
});

test('latents have the drift of the summaries of their blocks', async () => {
  // All of block 1 moved by 1, and all of block 2 by 2 from there: a token has 2 x 2 pixels of 16 channels.
  const frame = [0, 0, 0, 1, 1, 1, 3, 3, 3].flatMap((level) => Array<number>(16).fill(level));
  const storage = float32('0', ...Array.from({ length: 16 }, () => frame).flat());
  await writeTorchZip(at('video.pth'), dense(storage, [1, 16, 9, 4, 4]), [storage]);
  const [{ kind, times, measures }] = JSON.parse(await run(at('video.pth'), '--json')).inputs;
  expect([kind, times]).toEqual(['latents', [9 / 16, 21 / 16, 33 / 16]]);
  expect(measures.latentDrift.values).toEqual([null, 8, 24]);
  expect(measures.latentStep.values).toEqual([null, 8, 16]);
});

test('what cannot be measured is refused', async () => {
  await sharp({ create: { width: 8, height: 8, channels: 3, background: '#123' } }).toFile(at('one.png'));
  await expect(run(at('one.png'))).rejects.toThrow('is a single picture, and drift is over time');
  await expect(run(at('none.mp4'))).rejects.toThrow('there is no such file');
  await expect(run(at('none.mp4'), '--json', '--csv')).rejects.toThrow('say one of them: --json or --csv');
  await expect(run(at('none.mp4'), '--out', 'x')).rejects.toThrow('say what to write to --out');
  await expect(run(at('none.mp4'), '--fps', '0')).rejects.toThrow('expected a number above 0, found "0"');
});
