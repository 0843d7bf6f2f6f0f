import { ensure } from '../errors.js';
import type { GenerateFlags } from './generateFlags.js';

/** Options of TokenTrim, which checks blocks. */
const TRIM_OPTIONS = {
  trimFraction: '--trim-fraction',
  trimSensitivity: '--trim-sensitivity',
  trimWarmup: '--trim-warmup',
  trimCheck: '--trim-check',
  trimAttempts: '--trim-attempts',
} as const satisfies Partial<Record<keyof GenerateFlags, string>>;

/**
 * Refuses options that would do nothing in the run that the others describe; `planRollout` refuses those of a plan.
 * @param isChosen whether the user gave an option, and not its default
 */
export function checkOptions(flags: GenerateFlags, isChosen: (name: keyof GenerateFlags) => boolean): void {
  const { preset, trim, negativePrompt, guidance, decode } = flags;
  for (const [name, option] of Object.entries(TRIM_OPTIONS)) {
    const isGiven = isChosen(name as keyof typeof TRIM_OPTIONS);
    ensure(trim || !isGiven, `${option} says how TokenTrim works, and --no-trim turns it off: leave one of them out`);
    ensure(
      preset !== 'wan' || !isGiven,
      `${option} has no meaning for --preset wan: TokenTrim checks blocks, and that makes all frames at once`,
    );
  }
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
