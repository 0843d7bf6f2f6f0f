import { rmSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { comparePictures } from '../media/comparePictures.js';
import { sameBytes } from '../media/sameBytes.js';
import { atExit } from '../node/files/atExit.js';
import { isFolder } from '../node/files/outputTarget.js';
import { addGenerateCommand } from './generateCommand.js';
import { type GenerateFlags, MODEL_FLAGS } from './generateFlags.js';
import { print } from './output.js';
import { type Comparison, compareRecords, outcomeWords } from './reproduced.js';
import { runGenerate } from './runGenerate.js';
import { RunReport } from './runReport.js';
import { readVideoRecord, type VideoRecord } from './videoRecord.js';

/** The options of `tokentrim reproduce`: those of `generate` mean the same. */
export type ReproduceFlags = Partial<
  Pick<
    GenerateFlags,
    | (typeof MODEL_FLAGS)[number]
    | ('image' | 'video' | 'noise')
    | ('out' | 'adapter' | 'gpuMemory' | 'force' | 'json' | 'progress')
  >
>;

/** What the run that makes it again takes as it is. */
const PASSED = [
  ...[...MODEL_FLAGS, 'image', 'video', 'noise'],
  ...['adapter', 'gpuMemory', 'progress'],
] as const satisfies readonly string[] as readonly (keyof ReproduceFlags)[];

/** Makes a video again in the forms of kernels that made it, compares, and says what differs; the exit status says it too. */
export async function runReproduce(clip: string, flags: ReproduceFlags): Promise<void> {
  const record = await readVideoRecord(clip);
  const folder = await mkdtemp(join(tmpdir(), 'tokentrim-reproduce-'));
  const forget = atExit(() => rmSync(folder, { recursive: true, force: true }));
  try {
    const kind = await kindOf(clip);
    const out = flags.out ?? join(folder, kind === 'frames' ? 'frames/' : 'video.mp4');
    const made = await makeAgain(clip, record, out, folder, flags);
    const compared = compareRecords(record, made);
    const isMade = made.pictures !== null;
    const sameFile =
      kind === 'json' || !isMade || (await isFolder(out)) !== (kind === 'frames') ? null : await sameBytes(clip, out);
    const canMeasure = kind !== 'json' && isMade && compared.pictures !== 'same';
    const distance = canMeasure ? await comparePictures(clip, out, record.plan.pixel) : null;
    const comparison: Comparison = {
      ...compared,
      file: sameFile === null ? null : sameFile ? 'same' : 'other',
      distance,
    };
    const { isGood, text } = outcomeWords(clip, comparison);
    if (!isGood) process.exitCode = 1;
    const kept = flags.out ?? null;
    print(flags.json ? `${JSON.stringify({ video: clip, out: kept, reproduced: isGood, ...comparison })}\n` : text);
  } finally {
    await rm(folder, { recursive: true, force: true });
    forget();
  }
}

async function kindOf(clip: string): Promise<'frames' | 'video' | 'json'> {
  if ((await stat(clip)).isDirectory()) return 'frames';
  return /\.json$/i.test(clip) ? 'json' : 'video';
}

/** Runs `generate` with the plan of the video; its command line says what does not fit together. */
async function makeAgain(
  clip: string,
  record: VideoRecord,
  out: string,
  folder: string,
  flags: ReproduceFlags,
): Promise<VideoRecord> {
  const isLatents = record.plan.decode === 'never';
  const args = [
    '--plan',
    clip,
    ...(isLatents ? ['--save-latents', join(folder, 'latents.safetensors')] : ['--out', out]),
  ];
  for (const name of PASSED) {
    const value = flags[name];
    if (value !== undefined)
      args.push(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, String(value));
  }
  if (flags.force) args.push('--force');
  const report = new RunReport();
  const again = new Command().exitOverride();
  addGenerateCommand(again, (prompt, given) => runGenerate(prompt, { ...given, forms: record.kernels }, report));
  await again.parseAsync(['generate', ...args], { from: 'user' });
  return report.record as VideoRecord; // where there is none, the run has thrown
}
