// Whole rollouts at 832x480 with random weights of Wan2.1-1.3B's sizes, by the command line, as a user would run them: seconds from
// the start of the process to each stage and block, peak memory, and what a trace adds. One file, written anew after each run.
//   node bench/card/rollouts.mjs <root of the program> <file.json> [--small] [--seconds N] [--only 'name;name']
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const {
  values,
  positionals: [root, file],
} = parseArgs({
  allowPositionals: true,
  options: { small: { type: 'boolean' }, seconds: { type: 'string', default: '200' }, only: { type: 'string' } },
});
const began = performance.now();
const left = () => Number(values.seconds) - (performance.now() - began) / 1e3;
const folder = join(tmpdir(), `tokentrim-rollouts${values.small ? '-small' : ''}`);
const cli = join(root, 'bin/tokentrim.js');
const PROMPT = 'a red circle bounces left and right on a navy background';
const frames = values.small ? 21 : 81;
const size = values.small ? ['--width', '64', '--height', '64'] : [];

/** Each with the seconds that it may take. The first of a fresh machine also compiles and chooses kernels. */
const RUNS = [
  ['first', 90, ['--frames', '33', '--latents-only']],
  ['self-forcing', 60, ['--frames', frames]],
  ['self-forcing traced', 60, ['--frames', frames, '--trace', join(folder, 'trace')]],
  ['rolling-forcing', 60, ['--frames', frames, '--preset', 'rolling-forcing']],
  ['rolling-forcing, latents', 60, ['--frames', frames, '--preset', 'rolling-forcing', '--latents-only']],
  ['self-forcing, latents', 60, ['--frames', frames, '--latents-only']],
  ['self-forcing, latents, state kept', 60, ['--frames', frames, '--latents-only', '--resume', join(folder, 'state')]],
  ['flowmo', 90, ['--frames', '33', '--latents-only', '--flowmo', 'first-block']],
  [
    'self-forcing of 30 s, traced',
    150,
    ['--frames', values.small ? 33 : 481, '--trace', join(folder, 'long'), '--report', join(folder, 'long.html')],
  ],
];

mkdirSync(folder, { recursive: true });
const model = join(folder, 'model');
const text = join(folder, 'text');
const found = { rows: [] };
const layers = values.small ? ['--layers', '1'] : [];
const made = await Promise.all([
  run([
    'synthesize',
    '--like',
    'wan2.1-1.3b',
    '--parts',
    'transformer,vae',
    '--dtype',
    'bf16',
    ...layers,
    '-q',
    '--force',
    model,
  ]),
  // One layer of umT5 stands for all: a prompt is embedded once.
  run([
    'synthesize',
    '--like',
    'wan2.1-1.3b',
    '--parts',
    'text-encoder,tokenizer',
    '--layers',
    '1',
    '-q',
    '--force',
    text,
  ]),
]);
if (made.some(({ status }) => status !== 0)) console.error(made.map(({ errors }) => errors).join(''));
const encoder = readdirSync(text).find((name) => name.startsWith('models_t5'));

const asked = values.only?.split(';');
for (const [name, limit, options] of RUNS) {
  if (asked && !asked.includes(name)) continue;
  await timed(name, limit, options);
}
if (!asked || asked.includes('killed')) await killed();

/** One run, and what it said of itself. */
async function timed(name, limit, options) {
  if (left() < Math.min(20, limit)) {
    found.rows.push({ name, skipped: 'no time left' });
    return;
  }
  const { status, events, report, errors } = await run(commandOf(name, options), Math.min(limit, left()));
  const row = { name, options: options.filter((option) => !String(option).startsWith('/')).join(' '), status };
  row.seconds = report?.seconds;
  row.stages = Object.fromEntries(
    events.filter(({ event }) => event === 'stage').map(({ stage, seconds }) => [stage, seconds]),
  );
  row.calls = events.filter(({ event }) => event === 'step').map(({ seconds }) => seconds);
  row.blocks = events.filter(({ event }) => event === 'block').map(({ decision }) => decision.seconds);
  row.end = events.at(-1)?.seconds;
  row.peakGpuBytes = report?.peakGpuBytes;
  row.plannedBytes = report?.memory?.peakBytes;
  for (const part of ['trace', 'long', 'long.html']) {
    if (options.some((option) => option === join(folder, part))) row[part] = bytesOf(join(folder, part));
  }
  row.state = /the run's state took .*/.exec(notesOf(events))?.[0];
  if (status !== 0) row.errors = errors.slice(-1500);
  keep(row);
  console.log(
    `${name}: ${status === 0 ? '' : `status ${status}, `}${row.end} s; blocks ${row.blocks.map((seconds) => seconds.toFixed(2)).join(' ')}`,
  );
}

/** A run that is killed in its middle and gone on with makes the bytes of one that was not. */
async function killed() {
  if (left() < 30) return keep({ name: 'killed', skipped: 'no time left' });
  const early = values.small ? 1 : 3;
  const options = ['--frames', frames, '--latents-only'];
  const kept = [...options, '--resume', join(folder, 'killed')];
  let blocks = 0;
  const first = await run(commandOf('killed', kept), left(), ({ event }) => event === 'block' && ++blocks === early);
  const second = await run(commandOf('killed', kept), left());
  const third = await run(commandOf('whole', options), left());
  const [made, whole] = ['killed', 'whole'].map((name) => bytesIn(latentsOf(name)));
  const isSame = made !== undefined && whole !== undefined && made.equals(whole);
  const note = /going on after .*? blocks/.exec(notesOf(second.events))?.[0];
  const statuses = [first, second, third].map(({ status }) => status);
  keep({ name: 'killed', statuses, note, isSame, bytes: made?.length });
  if (!isSame) console.error([second, third].map(({ errors }) => errors.slice(-1500)).join(''));
  console.log(`killed: ${statuses.join(', ')}; ${note}; the same bytes: ${isSame}`);
}

function keep(row) {
  found.rows.push(row);
  writeFileSync(file, `${JSON.stringify(found, null, 1)}\n`);
}

function latentsOf(name) {
  return join(folder, `${name.replace(/\W+/g, '-')}.safetensors`);
}

/** What people would have been told, a line each. */
function notesOf(events) {
  return events.flatMap(({ event, text }) => (event === 'note' ? [text] : [])).join('\n');
}

function bytesIn(path) {
  return existsSync(path) ? readFileSync(path) : undefined;
}

function commandOf(name, options) {
  const out = options.includes('--latents-only')
    ? ['--save-latents', latentsOf(name)]
    : ['--out', join(folder, `${name.replace(/\W+/g, '-')}.mp4`)];
  const parts = ['--model', model, '--text-encoder', join(text, encoder)];
  parts.push('--tokenizer', join(text, 'google/umt5-xxl'));
  const command = ['generate', PROMPT, ...parts, '--seed', 7, ...size, ...options, ...out, '--force'];
  return [...command, '--verbose', '--progress', 'json', '--json'];
}

function bytesOf(path) {
  if (!existsSync(path)) return undefined;
  const found = statSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path, { recursive: true }).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
}

/** Runs the command line; its events come on standard error, its report on standard output. Killed after an event that ends it. */
function run(given, limit = 120, isEnd = () => false) {
  const child = spawn(process.execPath, [cli, ...given.map(String)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const events = [];
  let [output, errors] = ['', ''];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.startsWith('{')) {
      events.push(JSON.parse(line));
      if (isEnd(events.at(-1))) child.kill('SIGKILL');
    } else errors += `${line}\n`;
  });
  child.stdout.on('data', (data) => {
    output += data;
  });
  const ends = [
    setTimeout(() => child.kill('SIGTERM'), limit * 1e3),
    setTimeout(() => child.kill('SIGKILL'), limit * 1e3 + 4000),
  ];
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      for (const end of ends) clearTimeout(end);
      let report;
      try {
        report = JSON.parse(output);
      } catch {}
      resolve({ status: code ?? signal, events, report, errors });
    });
  });
}
