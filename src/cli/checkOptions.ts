import { parseHubName } from '../node/hub/resolveModel.js';
import { checkGiven, checkPrompt, checkScheduled } from '../pipelines/plan/refusals.js';
import type { GenerateFlags } from './generateFlags.js';
import { checkResume } from './runResume.js';
import { asUsage, ensureUsage as ensure } from './usageError.js';

/** Options of TokenTrim, which checks blocks. */
const TRIM_OPTIONS = {
  trimPolicy: '--trim-policy',
  trimFraction: '--trim-fraction',
  trimSensitivity: '--trim-sensitivity',
  trimWarmup: '--trim-warmup',
  trimSkipFirst: '--trim-skip-first',
  trimFalseAlarms: '--trim-false-alarms',
  trimCheck: '--trim-check',
  trimAttempts: '--trim-attempts',
} as const satisfies Partial<Record<keyof GenerateFlags, string>>;

/** Options of FlowMo, where it is on. */
const FLOWMO_OPTIONS = {
  flowmoSteps: '--flowmo-steps',
  flowmoRate: '--flowmo-rate',
  flowmoMode: '--flowmo-mode',
} as const satisfies Partial<Record<keyof GenerateFlags, string>>;

/** The prompt, whether it was given as the argument or as --prompt. */
export function promptOf(argument: string | undefined, option: string | undefined): string | undefined {
  ensure(
    argument === undefined || option === undefined || argument === option,
    'there are two prompts, the argument and --prompt: leave one of them out',
  );
  return argument ?? option;
}

/**
 * Refuses what the command line alone shows to be a mistake: options that contradict each other, and those that would do
 * nothing in the run that the others describe. `planRollout` refuses those of a plan.
 * @param isChosen whether the user gave an option, and not its default
 */
export function checkOptions(
  prompt: string | undefined,
  flags: GenerateFlags,
  isChosen: (name: keyof GenerateFlags) => boolean,
): void {
  checkReports(flags);
  checkPreview(flags);
  ensure(
    !flags.sidecar || flags.out !== '-',
    '--sidecar is a file beside the video, and --out - is none: write the video to a file',
  );
  checkTrace(flags);
  checkResume(flags);
  checkLatentsOnly(flags, isChosen);
  if (flags.plan !== undefined) {
    checkBesidePlan(prompt, flags, isChosen);
    return;
  }
  checkInputs(prompt, flags);
  checkHubNames(flags);
  ensure(
    flags.out !== '-' || !flags.json,
    '--out - and --json both want standard output: leave one of them out, or write the video to a file',
  );
  checkFlowmo(flags, isChosen);
  const { preset, trim, negativePrompt, guidance, decode } = flags;
  for (const [name, option] of Object.entries(TRIM_OPTIONS)) {
    const isGiven = isChosen(name as keyof typeof TRIM_OPTIONS);
    ensure(trim || !isGiven, `${option} says how TokenTrim works, and --no-trim turns it off: leave one of them out`);
    ensure(
      preset !== 'wan' || !isGiven,
      `${option} has no meaning for --preset wan: TokenTrim checks blocks, and that makes all frames at once`,
    );
  }
  checkTrimRule(flags, isChosen);
  if (preset === 'wan') {
    ensure(
      decode !== 'during',
      '--decode during has no meaning for --preset wan: all its frames are done at once, so pictures are made after',
    );
    ensure(
      guidance !== 1 || negativePrompt === undefined,
      '--negative-prompt has no meaning with --guidance 1, which is none: leave one of them out',
    );
  } else {
    ensure(
      negativePrompt === undefined,
      `--negative-prompt is an option of --preset wan: ${preset} was trained to need no guidance`,
    );
  }
}

/** Parameters of another trigger than the one that is asked. */
export function checkTrimRule(
  { trimPolicy }: Pick<GenerateFlags, 'trimPolicy'>,
  isChosen: (name: 'trimSensitivity' | 'trimSkipFirst' | 'trimFalseAlarms') => boolean,
): void {
  const isAdaptive = trimPolicy === 'adaptive';
  for (const name of ['trimSensitivity', 'trimSkipFirst'] as const) {
    ensure(
      !isAdaptive || !isChosen(name),
      `${TRIM_OPTIONS[name]} has no meaning for --trim-policy adaptive: that has --trim-false-alarms, and leaves block 1 out`,
    );
  }
  ensure(
    isAdaptive || !isChosen('trimFalseAlarms'),
    `--trim-false-alarms is of --trim-policy adaptive: ${trimPolicy} has --trim-sensitivity`,
  );
}

function checkFlowmo(flags: GenerateFlags, isChosen: (name: keyof GenerateFlags) => boolean): void {
  const { methodOfPaper, flowmo, trim, preset } = flags;
  ensure(
    !methodOfPaper || (trim && preset !== 'wan'),
    `--method-of-paper is FlowMo and TokenTrim, and ${trim ? '--preset wan has no blocks to trim' : '--no-trim turns one of them off'}: ` +
      'leave one of them out',
  );
  ensure(
    !methodOfPaper || !isChosen('flowmo') || flowmo === 'first-block',
    `--method-of-paper is --flowmo first-block, and --flowmo ${flowmo} is another: leave one of them out`,
  );
  if (methodOfPaper || flowmo !== 'off') return;
  for (const [name, option] of Object.entries(FLOWMO_OPTIONS)) {
    ensure(
      !isChosen(name as keyof typeof FLOWMO_OPTIONS),
      `${option} says how FlowMo works, and it is off: turn it on with --flowmo first-block, or leave the option out`,
    );
  }
}

/** Options that go with a plan: the machine's, the outputs', and files in the place of those that the plan names. */
const BESIDE_PLAN: readonly (keyof GenerateFlags)[] = [
  ...[
    'plan',
    'out',
    'preview',
    'trace',
    'traceLatents',
    'traceAttention',
    'traceTap',
    'report',
    'resume',
    'force',
    'saveLatents',
    'saveNoise',
    'metadata',
    'sidecar',
    'json',
    'progress',
    'quiet',
    'verbose',
  ],
  ...['profile', 'checkNumerics', 'dryRun', 'adapter', 'kernels', 'gpuMemory', 'promptCache', 'config'],
  ...['model', 'checkpoint', 'section', 'vae', 'textEncoder', 'tokenizer', 'image', 'video', 'noise'],
] as const satisfies (keyof GenerateFlags)[];

/** A plan has decided what the video is. */
function checkBesidePlan(
  prompt: string | undefined,
  flags: GenerateFlags,
  isChosen: (name: keyof GenerateFlags) => boolean,
): void {
  ensure(prompt === undefined, '--plan says what the prompts are: leave the prompt out, or change it in the plan');
  const names = Object.keys(flags) as (keyof GenerateFlags)[];
  const chosen = names.find((name) => !BESIDE_PLAN.includes(name) && isChosen(name));
  const flag = chosen?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  ensure(chosen === undefined, `--plan has decided what --${flag} says: leave it out, or change it in the plan`);
}

/** What the tiny VAE shows while the full one waits. */
function checkPreview({ preview, decoder }: GenerateFlags): void {
  if (preview === undefined) return;
  ensure(/\.mp4$/i.test(preview), `--preview is a video: use a name that ends in .mp4, found ${preview}`);
  ensure(
    decoder !== 'tiny',
    '--preview shows what the tiny VAE makes, and with --decoder tiny the video is that itself: leave one of them out',
  );
}

/** A report is a page, and latents go into a trace that stays. */
function checkTrace({ trace, traceLatents, traceAttention, traceTap, report }: GenerateFlags): void {
  ensure(
    report === undefined || /\.html?$/i.test(report),
    `--report is a page: use a name that ends in .html, found ${report}`,
  );
  ensure(
    !traceLatents || trace !== undefined,
    '--trace-latents keeps latents in the trace: say where, with --trace trace',
  );
  const inside = traceAttention ? '--trace-attention' : traceTap ? '--trace-tap' : undefined;
  ensure(
    inside === undefined || (trace ?? report) !== undefined,
    `${inside} keeps what it sees in the trace: say where, with --trace trace or --report report.html`,
  );
}

/** A run without pictures leaves its latents, and takes nothing that says how pictures are made. */
function checkLatentsOnly(flags: GenerateFlags, isChosen: (name: keyof GenerateFlags) => boolean): void {
  if (!flags.latentsOnly) return;
  const { out, preview, decode, decoder, saveLatents } = flags;
  const pictures = {
    '--out': out !== undefined && isChosen('out'),
    '--preview': preview !== undefined,
    '--decode': decode !== 'auto' && isChosen('decode'),
    '--decoder': decoder !== undefined && isChosen('decoder'),
  };
  const [named] = Object.entries(pictures).find(([, isGiven]) => isGiven) ?? [];
  ensure(named === undefined, `--latents-only makes no pictures, and ${named} is for some: leave one of them out`);
  ensureLatentsFile(saveLatents);
}

/** @throws UsageError where a run without pictures would leave nothing */
export function ensureLatentsFile(saveLatents: string | undefined): void {
  ensure(
    saveLatents !== undefined,
    'a run of --latents-only leaves its latents and nothing else: say where, with --save-latents latents.safetensors',
  );
}

/** What the run says of itself. */
function checkReports({ quiet, verbose, profile }: GenerateFlags): void {
  ensure(!quiet || !verbose, '--quiet and --verbose contradict each other: leave one of them out');
  ensure(
    !quiet || !profile,
    '--profile prints a table to standard error, which --quiet keeps empty: leave one of them out',
  );
}

/** Names of the Hub; whether it has them is found out later. */
function checkHubNames({ model, checkpoint, vae, textEncoder, tokenizer }: GenerateFlags): void {
  for (const name of [model, checkpoint, vae, textEncoder, tokenizer]) {
    if (name?.startsWith('hf:')) asUsage(() => parseHubName(name));
  }
}

/** What the video is made from. */
function checkInputs(prompt: string | undefined, { preset, promptsAt, image, video }: GenerateFlags): void {
  ensure(
    prompt !== undefined || promptsAt !== undefined,
    'there is no prompt: say what to show, such as "a red circle on a navy background", or pass --prompts-at',
  );
  if (prompt !== undefined) asUsage(() => checkPrompt(prompt));
  if (promptsAt !== undefined) asUsage(() => checkScheduled(prompt, preset));
  ensure(!image || !video, 'a video begins with a picture or continues a video: pass --image or --video, not both');
  asUsage(() => checkGiven(image !== undefined || video !== undefined, preset));
}
