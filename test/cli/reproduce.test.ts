import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { useProgram } from './program.js';

const program = useProgram();

const TOY = fileURLToPath(new URL('../../weights/toy-world', import.meta.url));
const PROMPT = 'a red circle stands still on a navy background';
const SMALL = ['--width', '32', '--height', '32', '--frames', '21', '--steps', '1000,500', '--seed', '5'];
const OTHER_ADAPTER = { TOKENTRIM_ADAPTER: 'swiftshader' };

async function generate(...args: string[]): Promise<void> {
  const { status, stderr } = await program.run(['generate', PROMPT, ...SMALL, ...args]);
  expect(status, stderr).toBe(0);
}

async function reproduce(args: readonly string[], env?: NodeJS.ProcessEnv) {
  const { status, stdout, stderr } = await program.run(['reproduce', ...args, '--json', '--quiet'], { env });
  expect(stdout, stderr).not.toBe('');
  return { status, ...JSON.parse(stdout) };
}

const SAME = { status: 0, reproduced: true, latents: 'same', pictures: 'same', changes: [], distance: null };

/** Changes the text of a record in place, byte for byte. */
function edit(name: string, from: string, to: string): void {
  expect(to).toHaveLength(from.length);
  const bytes = readFileSync(program.path(name)).toString('latin1');
  expect(bytes).toContain(from);
  const at = bytes.lastIndexOf(from); // the record is at the end
  writeFileSync(program.path(name), Buffer.from(bytes.slice(0, at) + to + bytes.slice(at + to.length), 'latin1'));
}

describe.each(['video.mp4', 'frames/'])('%s', (out) => {
  test('comes out the same to the byte on its adapter, and says how far off it is on another', async () => {
    await generate('--out', out, '--sidecar');
    const before = program.files();
    expect(await reproduce([out])).toMatchObject({ ...SAME, file: 'same' });
    const json = out === 'frames/' ? 'frames.json' : 'video.json';
    expect(await reproduce([json])).toMatchObject({ ...SAME, file: null });
    const other = await reproduce([out], OTHER_ADAPTER);
    expect(other).toMatchObject({ status: 0, reproduced: true, latents: 'other', file: 'other' });
    expect(other.changes[0]).toMatch(/^adapter: .*SwiftShader.* in the place of /i);
    expect(other.distance === null || other.distance.psnr === null || other.distance.psnr >= 40).toBe(true);
    expect(program.files()).toEqual(before);

    const words = await program.run(['reproduce', out]);
    expect(words.stdout).toBe(
      `${out}: made again, the same to the byte\n  the same to the byte: latents, pictures, file\n`,
    );
  });
});

test('the forms of kernels that made it are used again, whatever is forced now', async () => {
  await generate('--out', 'video.mp4', '--kernels', 'plain');
  expect(await reproduce(['video.mp4'], { TOKENTRIM_KERNELS: 'subgroup' })).toMatchObject({ ...SAME, file: 'same' });
});

test('kept with --out; never in the place of the video itself, nor of a file of others', async () => {
  await generate('--out', 'video.mp4');
  expect(await reproduce(['video.mp4', '--out', 'again.mp4'])).toMatchObject({
    ...SAME,
    file: 'same',
    out: 'again.mp4',
  });
  expect(readFileSync(program.path('again.mp4')).equals(readFileSync(program.path('video.mp4')))).toBe(true);
  const onto = await program.run(['reproduce', 'video.mp4', '--out', 'video.mp4']);
  expect(onto).toMatchObject({ status: 1, stderr: expect.stringContaining('--out and --plan are the same file') });
  writeFileSync(program.path('mine.mp4'), 'mine');
  const others = await program.run(['reproduce', 'video.mp4', '--out', 'mine.mp4']);
  expect(others).toMatchObject({ status: 1, stderr: expect.stringContaining('--force') });
  expect(readFileSync(program.path('mine.mp4'), 'utf8')).toBe('mine');
});

test('a video that was changed after it was made is not the one that comes out', async () => {
  await generate('--out', 'frames/');
  await sharp({ create: { width: 32, height: 32, channels: 3, background: 'white' } })
    .png()
    .toFile(program.path('frames/frame-00003.png'));
  expect(await reproduce(['frames/'])).toMatchObject({ status: 1, reproduced: false, pictures: 'same', file: 'other' });
});

test('a model of its own: found by the .json, named for the video, and refused where its weights changed', async () => {
  cpSync(TOY, program.path('model'), { recursive: true });
  await generate('--model', 'model', '--out', 'video.mp4', '--sidecar');
  expect(readFileSync(program.path('video.mp4')).includes(program.folder)).toBe(false);
  expect(await reproduce(['video.json'])).toMatchObject(SAME);
  expect(await reproduce(['video.mp4', '--model', 'model'])).toMatchObject({ ...SAME, file: 'same' });
  const weights = readFileSync(program.path('model/transformer.safetensors'));
  weights[weights.length - 3] ^= 0x01;
  writeFileSync(program.path('model/transformer.safetensors'), weights);
  const { status, stderr } = await program.run(['reproduce', 'video.json']);
  expect(status).toBe(1);
  expect(stderr).toContain('the transformer is not what the plan was made with');
});

test('what says nothing, or what it should not, is one error and makes nothing', async () => {
  await generate('--out', 'video.mp4');
  await generate('--out', 'silent.mp4', '--no-metadata');
  const before = program.files();
  const refused = async (name: string, message: string) => {
    const { status, stdout, stderr } = await program.run(['reproduce', name]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(message);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would obey
    expect(stderr).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/);
    expect(program.files()).toEqual(before);
  };
  await refused('silent.mp4', 'silent.mp4 does not say how it was made');
  await refused('none.mp4', 'could not be opened');
  cpSync(program.path('video.mp4'), program.path('video.mp4.kept'));
  before.push('video.mp4.kept');
  before.sort();
  for (const [from, to, message] of [
    ['"record":1', '"record":9', 'another version (record:'],
    ['"frames":6', '"frames":0', '--frames of the plan video.mp4'],
    ['"window":', '"\x1b]0;x\x07":', 'expected JSON'],
    ['"adapter":{', '"adapter":7', 'expected JSON'],
    ['"sha256":"', '"sha256":[', 'expected JSON'],
  ]) {
    cpSync(program.path('video.mp4.kept'), program.path('video.mp4'));
    edit('video.mp4', from, to);
    await refused('video.mp4', message);
  }
  await generate('--out', 'video.mp4', '--sidecar');
  before.push('video.json');
  before.sort();
  const record = JSON.parse(readFileSync(program.path('video.json'), 'utf8'));
  const hostile = (change: object) =>
    writeFileSync(program.path('video.json'), JSON.stringify({ ...record, ...change }));
  hostile({ plan: { ...record.plan, '\x1b]0;x\x07': 1 } });
  await refused('video.json', '\\u001b]0;x\\u0007');
  hostile({ kernels: { forced: null, classes: { '\x1b[2J': 'voodoo' } } });
  await refused('video.json', 'another version (kernels');
  hostile({
    plan: { ...record.plan, model: { ...record.plan.model, source: { model: '/dev/zero', out: 'video.mp4' } } },
  });
  await refused('video.json', '/dev/zero');
});
