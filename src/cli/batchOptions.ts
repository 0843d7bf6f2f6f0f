import { type Command, Option } from 'commander';
import type { Share } from '../batch/share.js';
import { checkPrompt } from '../pipelines/plan/refusals.js';
import { readPrompts, seedList, shard } from './compareLists.js';
import type { GenerateFlags } from './generateFlags.js';
import { decimal, path } from './options.js';
import { asUsage, ensureUsage } from './usageError.js';

/** The options of `generate` that make many clips. */
export interface BatchFlags {
  readonly prompts?: string;
  readonly seeds?: readonly string[];
  readonly outDir?: string;
  readonly shard?: Share;
  readonly claimExpiry?: number;
}

/** Seconds: longer than file servers keep to themselves what has changed. */
const CLAIM_EXPIRY = 120;

export function addBatchOptions(command: Command): void {
  command
    .option('--prompts <file>', 'make a clip of every prompt, one a line, with every seed; with --out-dir', path)
    .option('--seeds <list>', 'seeds of the clips of each prompt, such as 0..4 or 3,5,8 (default: 0)', seedList)
    .option('--out-dir <folder>', 'where they go; workers that share it share the work, and `status` shows it', path)
    .option('--shard <i/n>', 'make only every n-th clip (default: the share that a scheduler gives this task)', shard)
    .addOption(
      new Option(
        '--claim-expiry <seconds>',
        `take over a clip whose worker on another machine was silent for so long (default: ${CLAIM_EXPIRY})`,
      ).argParser(decimal('from 5 to 86400', (seconds) => seconds >= 5 && seconds <= 86_400)),
    );
}

/** What is to be made, as the command line says it. */
export interface BatchRequest {
  readonly prompts: readonly string[];
  readonly seeds: readonly string[];
  readonly outDir: string;
  readonly shard: Share | undefined;
  readonly expirySeconds: number;
}

const OWN: readonly (keyof GenerateFlags)[] = ['prompts', 'seeds', 'outDir', 'shard', 'claimExpiry'];

/** What goes beside them: options that say how all clips are made. */
const BESIDE: readonly (keyof GenerateFlags)[] = [
  ...OWN,
  ...(['prompt', 'negativePrompt', 'model', 'checkpoint', 'section', 'vae', 'textEncoder', 'tokenizer'] as const),
  ...(['preset', 'frames', 'width', 'height', 'fps', 'steps', 'shift', 'window', 'sink', 'blockFrames'] as const),
  ...(['contextNoise', 'solver', 'guidance', 'flowmo', 'flowmoSteps', 'flowmoRate', 'flowmoMode'] as const),
  ...(['methodOfPaper', 'trim', 'trimCheck', 'trimAttempts', 'trimFraction', 'trimSensitivity'] as const),
  ...(['trimWarmup', 'trimSkipFirst', 'trimPolicy', 'trimFalseAlarms', 'dtype', 'kvDtype', 'decode'] as const),
  ...(['decoder', 'adapter', 'kernels', 'gpuMemory', 'promptCache', 'metadata', 'force', 'config'] as const),
  ...(['resume', 'dryRun', 'progress', 'quiet', 'verbose'] as const),
];

/**
 * Whether many clips are asked for.
 * @throws UsageError where other options do not go with that
 */
export function isBatch(flags: GenerateFlags, isChosen: (name: keyof GenerateFlags) => boolean): boolean {
  const own = OWN.find(isChosen);
  if (own === undefined) return false;
  ensureUsage(flags.outDir !== undefined, `\`${own}\` makes many clips: say where they go, with \`outDir\` clips`);
  const other = (Object.keys(flags) as (keyof GenerateFlags)[]).find(
    (name) => isChosen(name) && !BESIDE.includes(name),
  );
  const instead = other === 'seed' ? 'use `seeds`' : 'leave it out, or make one clip at a time';
  ensureUsage(other === undefined, `\`${other}\` is for one clip, and \`outDir\` makes many: ${instead}`);
  return true;
}

/** @throws UsageError where there is no prompt, or one is refused; TokenTrimError where the file cannot be read */
export async function batchRequest(prompt: string | undefined, flags: GenerateFlags): Promise<BatchRequest> {
  const { seeds = ['0'], outDir = '', shard: given, claimExpiry: expirySeconds = CLAIM_EXPIRY } = flags;
  const prompts = await readPrompts(flags.prompts, prompt === undefined ? [] : [prompt]);
  for (const each of prompts) asUsage(() => checkPrompt(each));
  return { prompts, seeds, outDir, shard: given, expirySeconds };
}
