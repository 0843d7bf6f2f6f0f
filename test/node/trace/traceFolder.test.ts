import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeSheet } from '../../../src/media/sheets.js';
import { openTraceFolder } from '../../../src/node/trace/openTraceFolder.js';
import { TraceFolder } from '../../../src/node/trace/traceFolder.js';
import type { TraceEvent } from '../../../src/trace/format.js';
import { readTrace } from '../../../src/trace/readTrace.js';
import { BEGIN, note } from './events.js';

const home = mkdtempSync(join(tmpdir(), 'tokentrim-trace-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
let folder = '';
beforeEach(() => {
  folder = join(mkdtempSync(join(home, 'test-')), 'trace');
});

const create = (options: { force?: boolean } = {}) => TraceFolder.create(folder, { encodeSheet, ...options });
const lines = () => readFileSync(join(folder, 'events.jsonl'), 'utf8').trimEnd().split('\n');
const files = () => readdirSync(folder, { recursive: true }).map(String).sort();
const picture = { width: 2, height: 1, rgba: Uint8Array.of(1, 2, 3, 255, 4, 5, 6, 255) };

test('events, tensors and pictures come back', async () => {
  const sink = await create();
  const plan = { version: 1 } as unknown as null; // only kept here
  await sink.event({ ...BEGIN, plan });
  const values = Float32Array.of(0, 0.5, 1, 1.5, 70000, 2.0009765625);
  const exact = Float32Array.of(1 / 3);
  await sink.tensors('drift/0001.0.safetensors', [
    { name: 'drift', shape: [2, 3], dtype: 'f16', values },
    { name: 'exact', shape: [1], dtype: 'f32', values: exact },
  ]);
  const sheet = await sink.pictures('pictures/0001', [picture, picture]);
  expect(sheet).toEqual({ file: 'pictures/0001.webp', count: 2, columns: 1, width: 2, height: 1 });
  await sink.event(note('one'));
  await sink.close('finished');
  await sink.close('failed'); // nothing more

  expect(files()).toEqual([
    ...['drift', 'drift/0001.0.safetensors', 'events.jsonl', 'pictures', 'pictures/0001.webp', 'plan.json'],
  ]);
  expect(JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'))).toEqual(plan);
  const events = lines().map((line) => JSON.parse(line) as TraceEvent);
  expect(events.map(({ kind }) => kind)).toEqual(['begin', 'note', 'end']);
  expect(events[2]).toMatchObject({ status: 'finished', message: null });
  const opened = await openTraceFolder(folder);
  expect((await opened.read()).problem).toBeUndefined();
  const drift = await opened.tensor({ file: 'drift/0001.0.safetensors', name: 'drift' });
  expect(drift).toEqual({ shape: [2, 3], values: Float32Array.of(0, 0.5, 1, 1.5, 65504, 2) }); // f16: to even, and no infinity
  expect((await opened.tensor({ file: 'drift/0001.0.safetensors', name: 'exact' })).values).toEqual(exact);
});

test('a line stands after every file that was handed over before it, however they overtake', async () => {
  const waiting: (() => void)[] = [];
  const sink = await TraceFolder.create(folder, {
    encodeSheet: (pictures) => new Promise((done) => waiting.push(() => done(encodeSheet(pictures)))),
  });
  const all = [sink.event(BEGIN), sink.pictures('pictures/0000', [picture]), sink.event(note('names it'))];
  await all[0];
  await new Promise((done) => setTimeout(done, 20));
  expect(lines()).toHaveLength(1);
  for (const go of waiting) go();
  await Promise.all(all);
  expect(files()).toContain('pictures/0000.webp');
  expect(lines()).toHaveLength(2);
  await sink.close('finished');
});

test('cut at every byte, a trace is read up to its last whole line', async () => {
  const sink = await create();
  for (const event of [BEGIN, note('a 鶴'), note('b\n"'), note('c')]) await sink.event(event);
  await sink.close('stopped', 'interrupted');
  const bytes = readFileSync(join(folder, 'events.jsonl'));
  for (let length = bytes.indexOf('\n') + 1; length <= bytes.length; length++) {
    const { trace, problem } = readTrace(bytes.subarray(0, length).toString('utf8'));
    expect(trace.count).toBe(bytes.subarray(0, length).toString('latin1').split('\n').length - 1);
    expect(problem === undefined).toBe(length === bytes.length);
  }
});

describe('what is there', () => {
  const tryOver = async (force: boolean) => (await create({ force })).close('finished');

  test('a run that says nothing leaves nothing', async () => {
    await tryOver(false);
    expect(readdirSync(join(folder, '..'))).toEqual([]);
  });

  test('a trace is replaced with force alone, from its first event on', async () => {
    const first = await create();
    await first.event(BEGIN);
    await first.tensors('drift/old.safetensors', [{ name: 'a', shape: [1], dtype: 'f32', values: Float32Array.of(1) }]);
    await expect(create()).rejects.toThrow('this process is writing it already');
    await first.close('finished');
    writeFileSync(join(folder, 'drift/old.webp.part-77'), 'left by a run that was killed');
    await expect(create()).rejects.toThrow(
      'there is a trace already. Choose another --trace, or replace it with --force.',
    );
    const before = files();
    await tryOver(true);
    expect(files()).toEqual(before);
    const second = await create({ force: true });
    expect(files()).toEqual([...before, '.events.jsonl.lock'].sort());
    await second.event(BEGIN);
    await second.close('finished');
    expect(files()).toEqual(['events.jsonl']);
  });

  test.each([
    ['a note', 'events.jsonl', 'dear diary'],
    ['a plan', 'plan.json', '{}'],
    ['weights', 'transformer.safetensors', ''],
    ['a folder', 'drift/a.safetensors', ''],
  ])('%s is nobody’s to replace', async (_, name, text) => {
    mkdirSync(join(folder, 'drift'), { recursive: true });
    writeFileSync(join(folder, name), text);
    for (const force of [false, true]) await expect(create({ force })).rejects.toThrow('which is no part of a trace');
    expect(files()).toEqual([...new Set(['drift', name])].sort());
  });

  test('what lies beside a trace stays, and keeps it', async () => {
    const sink = await create();
    await sink.event(BEGIN);
    await sink.close('finished');
    writeFileSync(join(folder, 'latents.safetensors'), 'mine');
    await expect(create({ force: true })).rejects.toThrow('it holds latents.safetensors');
  });
});

describe('what cannot be written', () => {
  test.runIf(process.getuid?.() !== 0)('a folder without permission', async () => {
    mkdirSync(folder);
    chmodSync(folder, 0o555);
    await expect(create()).rejects.toThrow(`Cannot write ${folder}: permission is denied`);
  });

  test('a file in the place of the folder', async () => {
    writeFileSync(folder, '');
    await expect(create()).rejects.toThrow(`Cannot write ${folder}: part of the path is a file`);
  });

  test('a full disk fails the call and all later ones, and leaves whole lines', async () => {
    const sink = await TraceFolder.create(folder, {
      encodeSheet: async () => {
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      },
    });
    await sink.event(BEGIN);
    await expect(sink.pictures('pictures/0000', [picture])).rejects.toThrow('the disk is full. Make room');
    await expect(sink.event(note('later'))).rejects.toThrow('the disk is full');
    await expect(sink.close('failed')).rejects.toThrow('the disk is full');
    expect(lines()).toHaveLength(1);
    expect(files()).toEqual(['events.jsonl']);
  });

  test('names that leave the folder', async () => {
    const sink = await create();
    for (const name of ['../a', '/a', 'a', 'a/../../b', '.hidden/a', 'a//b'])
      await expect(sink.pictures(name, [picture])).rejects.toThrow('inside the trace');
    await sink.close('failed');
  });
});

describe('readers', () => {
  const made = async () => {
    const sink = await create();
    await sink.event(BEGIN);
    await sink.pictures('pictures/0000', [picture]);
    await sink.close('finished');
  };

  test('no name and no link leads out of the folder', async () => {
    await made();
    writeFileSync(join(folder, '../secret.webp'), 'secret');
    symlinkSync('../../secret.webp', join(folder, 'pictures/out.webp'));
    symlinkSync('0000.webp', join(folder, 'pictures/in.webp'));
    spawnSync('mkfifo', [join(folder, 'pictures/pipe.webp')]);
    const trace = await openTraceFolder(folder);
    expect(await trace.bytes('pictures/in.webp')).toEqual(await trace.bytes('pictures/0000.webp'));
    await expect(trace.bytes('pictures/out.webp')).rejects.toThrow('leads out of the trace');
    await expect(trace.bytes('pictures/pipe.webp')).rejects.toThrow('named pipe');
    await expect(trace.bytes('pictures/none.webp')).rejects.toThrow('is not there');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('..', '.', '/', '\\', 'a', 'pictures', '0000.webp', '%2e', '\0')),
        async (parts) => {
          const name = parts.join(fc.sample(fc.constantFrom('/', ''), 1)[0]);
          if (name === 'pictures/0000.webp') return;
          await expect(trace.bytes(name)).rejects.toThrow(/inside the trace|is not there/);
        },
      ),
    );
  });

  test('what is no trace says so', async () => {
    await expect(openTraceFolder(folder)).rejects.toThrow('found nothing');
    mkdirSync(folder);
    await expect(openTraceFolder(folder)).rejects.toThrow('found no events.jsonl');
    const events = join(folder, 'events.jsonl');
    await expect(openTraceFolder(events)).rejects.toThrow('found nothing');
    writeFileSync(events, '');
    await expect(openTraceFolder(folder)).rejects.toThrow('an empty events.jsonl');
    await expect(openTraceFolder(events)).rejects.toThrow('found a file');
    writeFileSync(events, '{"kind":"note"}\n');
    await expect(openTraceFolder(folder)).rejects.toThrow(`${folder}: this is no trace`);
    writeFileSync(events, `${JSON.stringify({ ...BEGIN, version: 99 })}\n`);
    await expect(openTraceFolder(folder)).rejects.toThrow('this trace is of version 99');
  });
});
