import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createProgress } from '../../src/media/progress.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function stream(isTTY: boolean) {
  const output = Object.assign(new PassThrough(), { isTTY });
  return { output, text: () => stripVTControlCharacters(String(output.read() ?? '')) };
}

test('in a log it is one line for each tenth, with the time left', () => {
  const { output, text } = stream(false);
  const progress = createProgress({ total: 40, label: 'Generating', stream: output });
  for (let done = 1; done <= 40; done++) {
    vi.advanceTimersByTime(3000);
    progress.update(done, done === 20 ? 'block 5' : undefined);
    progress.update(done);
  }
  progress.stop();
  const lines = text().trimEnd().split('\n');
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe('Generating 10% (4/40), 2 min left');
  expect(lines[4]).toBe('Generating 50% (20/40), 1 min left, block 5');
  expect(lines[9]).toBe('Generating 100% (40/40), done');
});

test('few and uneven steps print no more lines than steps', () => {
  const { output, text } = stream(false);
  const progress = createProgress({ total: 3, label: 'Decoding', stream: output });
  for (let done = 0; done <= 3; done++) progress.update(done);
  expect(text().match(/\d+%/g)).toEqual(['30%', '60%', '100%']);
});

test('lines can be chosen on a terminal too', () => {
  const { output, text } = stream(true);
  const progress = createProgress({ total: 2, label: 'Generating', stream: output, form: 'lines' });
  progress.update(1);
  expect(text()).toBe('Generating 50% (1/2), 0 s left\n');
});

test('on a terminal it is a bar', () => {
  const { output, text } = stream(true);
  Object.assign(output, { cursorTo() {}, clearLine() {}, columns: 120 });
  const progress = createProgress({ total: 4, label: 'Generating', stream: output });
  vi.advanceTimersByTime(5000);
  progress.update(1, 'block 1');
  progress.stop();
  expect(text()).toMatch(/Generating .*25% \| 1\/4 \| 15 s left \| block 1/);
});

test('what goes on at the moment is looked up while the bar waits', async () => {
  const { output, text } = stream(true);
  Object.assign(output, { cursorTo() {}, clearLine() {}, clearRight() {}, columns: 120 });
  let activity = 'compiling 2 kernels: rope, linear';
  const progress = createProgress({ total: 4, label: 'Generating', activity: () => activity, stream: output });
  progress.update(1, 'block 1');
  activity = '';
  await new Promise((resolve) => setTimeout(resolve, 500));
  progress.stop();
  expect(text()).toMatch(/0\/4 .*compiling 2 kernels: rope, linear.*25% \| 1\/4 \| .* left \| block 1 *[^|]*$/s);
});

test('a line of a log says it too', () => {
  const { output, text } = stream(false);
  const progress = createProgress({ total: 10, label: 'Generating', activity: () => 'compiling', stream: output });
  progress.update(1);
  expect(text()).toBe('Generating 10% (1/10), 0 s left, compiling\n');
});

test('silent when not enabled', () => {
  const { output, text } = stream(false);
  const progress = createProgress({ total: 4, label: 'Generating', enabled: false, stream: output });
  progress.update(4);
  progress.stop();
  expect(text()).toBe('');
});
