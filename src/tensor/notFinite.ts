import { TokenTrimError } from '../errors.js';

/** What is thrown where a computation gave NaN or infinity: nothing that comes after it would mean anything. */
export function notFiniteError(found: string): TokenTrimError {
  return new TokenTrimError(
    `${found}. Either a value grew past what a 16-bit type holds: use \`dtype\` bf16 or \`dtype\` f32, and \`kvDtype\` f32; or ` +
      'a weight file is damaged: `verifyWeights` tells, and a fresh copy helps',
  );
}

/** Whether all values are numbers, and none NaN or infinite. */
export function areFinite(values: ArrayLike<number>): boolean {
  for (let index = 0; index < values.length; index++) if (!Number.isFinite(values[index])) return false;
  return true;
}

/** The error for the latents of a block, or of a caller's own. */
export function blockNotFinite(block?: number): TokenTrimError {
  const whose = block === undefined ? 'The latents are' : `Block ${block} is`;
  return notFiniteError(`${whose} not made of numbers: there is NaN or infinity among the values`);
}
