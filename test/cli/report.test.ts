import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FilePathSource, Input, MP4 } from 'mediabunny';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { eventSchema } from '../../src/cli/eventSchema.js';
import { createProgram } from '../../src/cli/program.js';
import { type Report, reportSchema } from '../../src/cli/reportSchema.js';
import { schemaFiles } from '../../src/cli/schemaFiles.js';
import { settingsSchema } from '../../src/cli/settingsSchema.js';
import { type Ended, useProgram } from './program.js';

const program = useProgram();

const PROMPT = 'a red circle bounces left and right on a navy background';
const TINY = ['--frames', '9', '--width', '16', '--height', '16', '--steps', '1000,500'];

/** The one object of standard output, which must be as documented, by the schema in the sources and by the file in docs/. */
function reportOf({ stdout }: Pick<Ended, 'stdout'>): Report {
  const value = JSON.parse(stdout);
  expect(stdout.trimEnd()).not.toContain('\n');
  expect(z.fromJSONSchema(documented('generate-json.schema.json')).safeParse(value).error).toBeUndefined();
  return reportSchema.parse(value);
}

function documented(name: string) {
  return JSON.parse(readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8'));
}

/** The lines of standard error, all of which must be documented events. */
function eventsOf({ stderr }: Pick<Ended, 'stderr'>) {
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => eventSchema.parse(JSON.parse(line)));
}

test('the schemas in docs/ are in step: `npm run build && node scripts/make-schema.mjs && npm run format`', () => {
  for (const [name, schema] of Object.entries(schemaFiles())) {
    expect(documented(name)).toEqual(JSON.parse(JSON.stringify(schema)));
  }
});

test('settings have every option of `generate`', () => {
  const command = createProgram().commands.find((one) => one.name() === 'generate');
  const names = new Set(command?.options.filter(({ hidden }) => !hidden).map((option) => option.attributeName()));
  const elsewhere =
    /^(trim.+|flowmo.+|methodOfPaper|prompt|negativePrompt|dryRun|json|progress|quiet|verbose|config|force|resume|help)$/;
  const ofBatches = /^(prompts|seeds|outDir|shard|claimExpiry)$/; // whose clips have records of their own
  const missing = [...names]
    .filter((name) => !elsewhere.test(name) && !ofBatches.test(name))
    .filter((name) => !(name in settingsSchema.shape));
  expect(missing).toEqual([]);
});

test('a run: settings as they were resolved, files with their digests, prompts with their tokens', async () => {
  const ended = await program.run(['generate', PROMPT, ...TINY, '--seed', '7', '--json', '--profile', '-o', 'a.mp4']);
  const report = reportOf(ended);
  expect(report).toMatchObject({ status: 'finished', error: null, out: 'a.mp4', frames: 9, seed: 7 });
  expect(report.settings).toMatchObject({ seed: 7, steps: [1000, 500], window: 12, blockFrames: 3, decode: 'during' });
  expect(report.settings).toMatchObject({
    trim: { fraction: 0.1, attempts: 1 },
    dtype: { vae: 'f16' },
    kvDtype: 'f16',
  });
  expect(report.prompts).toEqual([{ prompt: PROMPT, frame: 0, latentFrame: 0, tokens: 25, tokensRead: 25, cut: null }]);
  expect(report.weights).toHaveLength(5);
  for (const { path, bytes, sha256, method } of report.weights) {
    const content = readFileSync(path);
    expect([bytes, method]).toEqual([content.length, 'whole']);
    expect(sha256).toBe(createHash('sha256').update(content).digest('hex'));
  }
  expect(report.kernels === null || Array.isArray(report.kernels)).toBe(true);
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(report.program).toEqual({ name: 'tokentrim', version });
});

test.each([
  ['a model that is not there', ['x', '--model', 'nowhere'], 1, 'nowhere: expected a model folder'],
  ['an unknown option', ['x', '--frmaes', '9'], 2, "unknown option '--frmaes'"],
  ['a value that is none', ['x', '--frames', 'many'], 2, 'expected a whole number'],
  ['no prompt', [], 2, 'there is no prompt'],
  ['a width that does not fit', ['x', '--width', '17'], 2, 'multiple of 16'],
])('an error before the run: %s', async (_name, args, status, message) => {
  const ended = await program.run(['generate', '--json', ...args]);
  expect(ended.status).toBe(status);
  expect(reportOf(ended)).toMatchObject({ status: 'failed', frames: 0, blocks: [], settings: null });
  expect(reportOf(ended).error).toContain(message);
  expect(ended.stderr).toContain(message);

  const told = await program.run(['generate', '--progress', 'json', ...args]);
  expect([told.status, told.stdout]).toEqual([status, '']);
  expect(eventsOf(told).at(-1)).toMatchObject({ event: 'error', message: expect.stringContaining(message) });
});

test('help with --json is help', async () => {
  const { status, stdout } = await program.run(['generate', '--json', '--help']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Usage/);
});

test.each([
  ['SIGINT', 130, 1],
  ['SIGTERM', 143, 1],
  ['SIGINT', 130, 2],
] as const)('%s: status %d, and one object, after %d of them', async (signal, status, times) => {
  let sent = 0;
  const ended = await program.run(['generate', PROMPT, '--json', '--frames', '400', '--progress', 'json'], {
    onStderr(text, kill) {
      const due = text.includes('"event":"frames"') && (sent === 0 || text.includes('once more to stop'));
      if (!due || sent >= times) return;
      sent++;
      kill(signal);
    },
  });
  expect(ended.status).toBe(status);
  const report = reportOf(ended);
  expect(report).toMatchObject({ status: 'interrupted', error: expect.stringContaining('interrupted') });
  expect(report.frames).toBeGreaterThan(0);
  expect(report.blocks.length).toBeGreaterThan(0);
  eventsOf(ended);
});

test('events: everything on standard error is one, in the order of the run', async () => {
  const ended = await program.run(['generate', PROMPT, ...TINY, '--progress', 'json', '-o', 'frames/']);
  const events = eventsOf(ended);
  expect(ended.stdout).toBe('');
  const kinds = events.map(({ event }) => event).filter((event) => !['note', 'compile', 'measuring'].includes(event));
  expect(kinds).toEqual(['start', 'stage', 'stage', 'stage', 'step', 'step', 'block', 'frames', 'done']);
  expect(events.at(-1)).toMatchObject({ event: 'done', out: 'frames/', frames: 9 });
  expect(events.findLast(({ event }) => event === 'step')).toMatchObject({ done: 2, total: 2, block: 0, attempt: 0 });
});

test('a prompt that is too long: said in the run, in its plan and in JSON, each prompt for itself', async () => {
  const long = `${PROMPT} and then it goes home because it is late`;
  writeFileSync(program.path('prompts.txt'), `0: ${PROMPT}\n9: ${long}\n`);
  const run = ['generate', '--prompts-at', 'prompts.txt', ...TINY, '--frames', '21'];
  const cut = 'because it is late';
  const planned = await program.run([...run, '--dry-run']);
  expect(planned.stdout).toMatch(/^prompt {3}from frame 0: 25 tokens$/m);
  const [, words] =
    /^prompt {3}from frame 9: \d+ tokens, of which 32 are read; cut off: (.*)$/m.exec(planned.stdout) ?? [];
  expect(long.endsWith(JSON.parse(words))).toBe(true);
  expect(JSON.parse(words)).toContain(cut);

  const made = await program.run([...run, '--json']);
  expect(made.stderr.match(/^note: a prompt has \d+ tokens and the model reads 32: .*$/gm)).toHaveLength(1);
  const [first, second] = reportOf(made).prompts;
  expect(first).toMatchObject({ tokens: 25, tokensRead: 25, cut: null, frame: 0 });
  expect(second).toMatchObject({ tokensRead: 32, cut: JSON.parse(words), frame: 9 });
  expect(second.tokens).toBeGreaterThan(32);

  const wan = ['generate', PROMPT, ...TINY.slice(0, 6), '--preset', 'wan', '--steps', '1', '--dry-run', '--json'];
  const guided = reportOf(await program.run([...wan, '--negative-prompt', long]));
  expect(guided.negativePrompt).toMatchObject({ prompt: long, tokensRead: 32, cut: expect.stringContaining(cut) });
  expect(reportOf(await program.run([...wan, '--guidance', '1'])).negativePrompt).toBeNull();
});

test('the same run twice, seconds apart: the same bytes, with all that it takes to make it again', async () => {
  const prompt = '一只猫 🐈\n"second" line';
  const run = (name: string, ...more: string[]) =>
    program.run([
      'generate',
      prompt,
      ...TINY,
      '--seed',
      '3',
      '-o',
      name,
      ...more,
      '--save-latents',
      `${name}.safetensors`,
    ]);
  expect((await run('one.mp4')).status).toBe(0);
  await run('two.mp4');
  const bytesOf = (name: string) => readFileSync(program.path(name));
  expect(bytesOf('two.mp4').equals(bytesOf('one.mp4'))).toBe(true);
  expect(bytesOf('two.mp4.safetensors').equals(bytesOf('one.mp4.safetensors'))).toBe(true);

  await run('frames');
  const { comments = [] } = await sharp(program.path(join('frames', 'frame-00000.png'))).metadata();
  const png = Object.fromEntries(comments.map(({ keyword, text }) => [keyword, text]));
  using input = new Input({ source: new FilePathSource(program.path('one.mp4')), formats: [MP4] });
  const { raw = {} } = await input.getMetadataTags();
  expect(png).toEqual({ Description: raw.desc, Comment: raw['©cmt'], Software: raw['©too'] });
  expect(raw.desc).toBe(prompt);
  expect(raw['©too']).toMatch(/^tokentrim \d/);
  const comment = JSON.parse(String(raw['©cmt']));
  expect(comment).toMatchObject({ program: 'tokentrim', prompt, seed: 3, preset: 'self-forcing', steps: [1000, 500] });
  expect(String(raw['©cmt'])).not.toContain(program.folder);

  await run('plain.mp4', '--no-metadata');
  expect(bytesOf('plain.mp4').includes('udta')).toBe(false);
  expect(bytesOf('plain.mp4').includes('猫')).toBe(false);
  expect(bytesOf('plain.mp4.safetensors').includes('猫')).toBe(false);
  expect(existsSync(program.path('plain.mp4'))).toBe(true);
});
