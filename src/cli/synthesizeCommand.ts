import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ALL_PARTS, LAYOUTS, type Layout, PARTS, type SynthesisPart } from '../synthesize/layouts.js';
import { LIKES, type Like } from '../synthesize/models.js';
import { type PlannedFile, planSynthesis } from '../synthesize/plan.js';
import { synthesize } from '../synthesize/synthesize.js';
import type { FloatDType } from '../synthesize/valueTable.js';
import { formatBytes } from '../weights/quote.js';
import { OUTPUT_HELP } from './helpText.js';
import { watchInterrupt } from './interrupt.js';
import { drawSeed, FORCE_HELP, seed as seedOption, wholeNumber } from './options.js';
import { print, startProgress } from './output.js';

const DTYPES = { f32: 'F32', f16: 'F16', bf16: 'BF16', f8: 'F8_E4M3' } as const satisfies Record<string, FloatDType>;

interface SynthesizeFlags {
  readonly like: Like;
  readonly layout: Layout;
  readonly dtype?: keyof typeof DTYPES;
  readonly seed: string;
  readonly layers?: number;
  readonly parts: readonly SynthesisPart[];
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export function addSynthesizeCommand(program: Command): void {
  program
    .command('synthesize')
    .description('write a checkpoint of any published layout with random weights, to try sizes and readers')
    .argument('<folder>', 'where to write it; made if it is not there')
    .addOption(new Option('--like <model>', 'whose sizes it has').choices(LIKES).makeOptionMandatory())
    .addOption(new Option('--layout <name>', 'whose files it has').choices(Object.keys(LAYOUTS)).default('official'))
    .addOption(
      new Option('--dtype <dtype>', 'type of all weights (default: as published)').choices(Object.keys(DTYPES)),
    )
    .option(
      '-s, --seed <n>',
      'or random; the same seed gives the same bytes, and the same weights in every layout',
      seedOption,
      '0',
    )
    .option('--layers <n>', 'at most so many layers in the transformer and in the text encoder', wholeNumber(1))
    .option('--parts <list>', `what to write, of ${ALL_PARTS.join(', ')} (default: all but the last)`, partList, [
      ...PARTS,
    ])
    .option('--force', `${FORCE_HELP}; what this command writes counts as such: it carries no mark`)
    .option('--dry-run', 'only list the files and their sizes')
    .addHelpText('after', `\n${OUTPUT_HELP}`)
    .action(run);
}

async function run(folder: string, { dryRun, force, parts, dtype, ...flags }: SynthesizeFlags): Promise<void> {
  const seed = drawSeed(flags.seed);
  const files = await planSynthesis({
    ...flags,
    seed,
    dtype: dtype && DTYPES[dtype],
    parts: new Set(parts),
  });
  const total = files.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (dryRun) {
    print(`${listing(folder, files)}${formatBytes(total)} in all\n`);
    return;
  }
  const interrupt = watchInterrupt();
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  const progress = startProgress({ total: megabytes(total), label: 'synthesize MB' });
  const start = performance.now();
  try {
    const onProgress = (bytes: number) => progress.update(megabytes(bytes));
    await synthesize(folder, files, { force, onProgress, signal: interrupt.signal });
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    process.exitCode = interrupt.status;
    process.stderr.write('interrupted: nothing was written\n');
    return;
  } finally {
    progress.stop();
    interrupt.release();
  }
  const seconds = (performance.now() - start) / 1000;
  print(
    `${listing(folder, files)}${formatBytes(total)} of random weights in ${seconds.toFixed(1)} s ` +
      `(${formatBytes(total / seconds)}/s), seed ${seed}\n`,
  );
  if (parts.includes('tokenizer')) print("the tokenizer is the toy world's, with ids below 420\n");
}

function listing(folder: string, files: readonly PlannedFile[]): string {
  return files
    .map(({ path, byteLength }) => `${formatBytes(byteLength).padStart(9)}  ${join(folder, path)}\n`)
    .join('');
}

function partList(text: string): SynthesisPart[] {
  return text.split(',').map((name) => {
    const part = ALL_PARTS.find((known) => known === name.trim());
    if (!part) throw new InvalidArgumentError(`expected some of ${ALL_PARTS.join(',')}, found "${name}"`);
    return part;
  });
}
