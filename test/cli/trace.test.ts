import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, expect, inject, test, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { readTrace } from '../../src/trace/readTrace.js';
import { VIEWER } from '../node/trace/standIn.js';
import { linesOf, runOf } from '../trace/madeTrace.js';
import { dense, float32, writeTorchZip } from '../weights/torch/torchWriter.js';
import { expectRefusal, expectUsageError, useProgram } from './program.js';

const home = mkdtempSync(join(tmpdir(), 'tokentrim-trace-cli-'));
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
    await createProgram().parseAsync(['node', 'tokentrim', ...args]);
    return said;
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

/** A PyTorch file [1, 16, 9, 4, 4] in which all of block 1 moved by 1, and all of block 2 by 2. */
async function writeLatents(path: string): Promise<void> {
  const frame = [0, 0, 0, 1, 1, 1, 3, 3, 3].flatMap((level) => Array<number>(16).fill(level));
  const values = Array.from({ length: 16 }, () => frame).flat();
  const storage = float32('0', ...values);
  await writeTorchZip(path, dense(storage, [1, 16, 9, 4, 4]), [storage]);
}

test('latents of a PyTorch file become a trace, a table of drift, and exports', async () => {
  await writeLatents(at('video.pth'));
  const table = await run('trace', 'latents', at('video.pth'), '--out', at('drift.trace'), '--trim-warmup', '0');
  expect(table).toBe(
    [
      'block   severity       mean        std  threshold',
      '    0          -          -          -          -',
      '    1       8.00          -          -          -',
      '    2       16.0       8.00       0.00       8.00  would have been made again',
      '',
    ].join('\n'),
  );
  await expect(run('trace', 'latents', at('video.pth'), '-o', at('drift.trace'))).rejects.toThrow(
    'there is a trace already',
  );
  const watched = await run('trace', 'latents', at('video.pth'), '-o', at('drift.trace'), '--force', '--patch', '1,1');
  expect(watched).toContain('above, in the warm-up');

  const csv = await run('trace', 'export', at('drift.trace'), '--csv');
  expect(csv.split('\n').map((line) => line.split(',').slice(0, 3).join())).toEqual([
    'block,attempt,severity',
    '0,0,',
    '1,0,4',
    '2,0,8',
    '',
  ]);
  const chrome = JSON.parse(await run('trace', 'export', at('drift.trace'), '--chrome'));
  expect(chrome.otherData).toMatchObject({ title: 'video.pth', method: 'latents' });
  for (const format of ['--csv', '--chrome']) {
    for (let twice = 0; twice < 2; twice++)
      expect(await run('trace', 'export', at('drift.trace'), format, '--out', at('out'), '--force')).toBe('');
    await run('trace', 'export', at('drift.trace'), format, '--out', at('out')); // its own, in either format
    expect(readFileSync(at('out'), 'utf8').startsWith(format === '--csv' ? 'block,' : '{')).toBe(true);
  }
});

test.each([
  [['trace', 'export', 'x'], 'say what to write, one of them: --chrome or --csv'],
  [['trace', 'export', 'x', '--csv', '--chrome'], 'say what to write, one of them'],
  [['trace', 'export', 'x', '--csv'], 'x: expected the folder of a trace, found nothing'],
  [['trace', 'latents', 'x', '--patch', '2'], 'expected height,width, such as 2,2, found "2"'],
  [['trace', 'nonsense'], "unknown command 'nonsense'"],
  [['view', 'x'], 'x: expected the folder of a trace, found nothing'],
  [['view', 'x', '--port', '65536'], 'expected a port from 0 to 65535'],
  [['view', 'x', '--port', '1', '--save', 'y.html'], '--port is where the viewer answers, and --save serves nothing'],
  [['view'], "missing required argument 'folder'"],
])('%j is refused', async (args, message) => expect(run(...args)).rejects.toThrow(message));

const program = useProgram();

function ensureViewer(): void {
  const viewer = join(inject('programFolder'), 'dist/viewer/viewer.html');
  if (existsSync(viewer)) return;
  mkdirSync(dirname(viewer), { recursive: true });
  writeFileSync(viewer, VIEWER);
}

test('view serves a trace until Ctrl-C, which is no failure', async () => {
  ensureViewer();
  mkdirSync(at('run'));
  writeFileSync(at('run/events.jsonl'), linesOf(runOf([[1]])));
  const { status, stdout, stderr } = await program.run(['view', at('run'), '--no-open'], {
    onStderr: (text, kill) => text.includes('Ctrl-C ends it') && kill('SIGINT'),
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: 'Ctrl-C ends it\n' });
  expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{24}\/\n$/);
});

test('a page of the drift in latents is saved beside its trace', async () => {
  ensureViewer();
  await writeLatents(at('video.pth'));
  const page = at('drift.html');
  const args = ['trace', 'latents', at('video.pth'), '--out', at('drift.trace'), '--save', page];
  const { status, stderr } = await program.run(args);
  expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining('open it in a browser') });
  expect(readFileSync(page, 'utf8')).toContain('video.pth');
});

const SMALL = ['--frames', '9', '--width', '16', '--height', '16', '--steps', '1000', '--adapter', 'reference'];

test('generate writes a trace and a page beside the same latents, and never over what is no trace', async () => {
  ensureViewer();
  const plain = ['generate', 'a red circle', ...SMALL, '--out'];
  const traced = [...plain, 'traced.mp4', '--trace', 'run.trace', '--trace-latents', '--report', 'run.html'];
  traced.push('--save-latents', 'traced.safetensors');
  const { status, stderr } = await program.run(traced);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stderr).toContain('run.html: why each block was kept or made again; open it in a browser');
  expect(stderr).toContain('run.trace: the trace; `tokentrim view run.trace` shows it');
  const events = readFileSync(program.path('run.trace/events.jsonl'), 'utf8');
  const { trace, problem } = readTrace(events);
  expect(problem).toBeUndefined();
  expect(trace.blocks.map(({ accepted }) => accepted?.latents?.file)).toEqual(['latents/0000.safetensors']);
  expect(readFileSync(program.path('run.html'), 'utf8')).toContain('\\"kind\\":\\"block\\"'); // the events, as JSON in JSON
  expect(JSON.parse(readFileSync(program.path('run.trace/plan.json'), 'utf8'))).toEqual(trace.begin?.plan);

  const kept = (name: string) => readFileSync(program.path(name));
  expect((await program.run([...plain, 'plain.mp4', '--save-latents', 'plain.safetensors'])).status).toBe(0);
  expect(kept('traced.safetensors').equals(kept('plain.safetensors'))).toBe(true);

  await expectRefusal(program, [...plain, 'x.mp4', '--trace', 'run.trace'], 'there is a trace already');
  mkdirSync(program.path('mine'));
  writeFileSync(program.path('mine/letter.txt'), 'dear');
  const over = [...plain, 'x.mp4', '--trace', 'mine', '--force'];
  await expectRefusal(program, over, 'it holds letter.txt, which is no part of a trace');
  await expectUsageError(program, [...plain, 'x.mp4', '--report', 'run.mp4'], 'use a name that ends in .html');
  await expectUsageError(program, [...plain, 'x.mp4', '--trace-latents'], 'say where, with --trace trace');
  expect((await program.run([...plain, 'x.mp4', '--trace', 'run.trace', '--force', '--dry-run'])).status).toBe(0);
  expect(readFileSync(program.path('run.trace/events.jsonl'), 'utf8')).toBe(events);
});
