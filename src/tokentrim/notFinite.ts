import { TokenTrimError } from '../errors.js';

/** What is thrown where a computation gave NaN or infinity: nothing that comes after it would mean anything. */
export function notFiniteError(found: string): TokenTrimError {
  return new TokenTrimError(
    `${found}. Either a value grew past what a 16-bit type holds: use --dtype bf16 or --dtype f32, and --kv-dtype f32; or ` +
      'a weight file is damaged: `tokentrim inspect --verify <file>` tells, and a fresh copy helps',
  );
}

/** Whether all values are numbers, and none NaN or infinite. */
export function areFinite(values: ArrayLike<number>): boolean {
  for (let index = 0; index < values.length; index++) if (!Number.isFinite(values[index])) return false;
  return true;
}

/** The error for a block of latents. */
export function blockNotFinite(block: number): TokenTrimError {
  return notFiniteError(`Block ${block} is not made of numbers: its latents hold NaN or infinity`);
}
