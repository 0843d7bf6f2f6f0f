import { tokenDrift, tokenSummary } from '../../kernels/drift/tokenDrift.js';
import type { PatchSize } from '../../kernels/layout/patchify.js';
import type { Tensor } from '../../tensor/tensor.js';
import { acceptAll, type Policy } from '../../tokentrim/policy.js';

/**
 * What a rollout asks in the place of TokenTrim while its memory is counted. It launches, reads and holds what `tokenTrim`
 * does, which is all that is counted, and decides nothing: there are no values to decide by, and whoever stops a debugger in
 * the method shall find a run in it that has some.
 * @param patch the DiT's patch, which defines a token
 * @param check as the plan has it
 */
export function countedPolicy(patch: PatchSize, check: Policy['check']): Policy {
  let previous: Tensor | undefined; // Z_{t-1} [tokens, components]

  return {
    check,

    async review(_block, candidate) {
      const before = previous;
      if (!before) return [];
      const { device } = candidate;
      const distances = device.scope(() => tokenDrift(tokenSummary(candidate, patch), before)); // [tokens]
      await device.read(distances);
      distances.dispose();
      return [];
    },

    async accept(block, latents) {
      previous?.dispose();
      previous = tokenSummary(latents, patch);
      return acceptAll.accept(block, latents);
    },

    dispose() {
      previous?.dispose();
      previous = undefined;
    },
  };
}
