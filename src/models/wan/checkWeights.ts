import { TokenTrimError } from '../../errors.js';
import { firstNonFinite } from '../../weights/finite.js';
import type { StoredType } from '../../weights/storedType.js';

/**
 * Refuses stored values of a tensor that are NaN or infinite: one of them spoils every picture, or hides in a softmax and
 * spoils them unseen. Made for every tensor as it is loaded: a pass over its bytes while the next ones are read.
 * @throws TokenTrimError naming the file, the tensor and the first such value
 */
export function checkStored(label: string, name: string, bytes: Uint8Array, dtype: StoredType): void {
  const first = firstNonFinite(bytes, dtype);
  if (first < 0) return;
  throw new TokenTrimError(
    `${label}: ${name} holds NaN or infinity (its value ${first} is the first): the file is damaged, or was saved by a ` +
      'training that failed. `verifyWeights` looks at all of it; get the file again',
  );
}

/** Refuses values that were finite in the file and became infinite in f16. */
export function checkNarrowed(label: string, name: string, halves: Uint16Array): void {
  const bytes = new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength);
  const first = firstNonFinite(bytes, 'F16');
  if (first < 0) return;
  throw new TokenTrimError(
    `${label}: ${name} holds a value (the one at ${first}) past 65504, the largest of f16: use \`dtype\` bf16 or \`dtype\` f32`,
  );
}
