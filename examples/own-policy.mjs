// A policy of one's own in both rollouts: a block whose most restless token moves too far is made again without it.
//
//   npm ci && node examples/own-policy.mjs

import {
  decision,
  generate,
  openDevice,
  openModelFolder,
  severity,
  tokenDrift,
  tokenSummary,
  toyWorld,
  unstableTokens,
} from 'tokentrim';

/** How far a token may move from one block to the next. */
const LIMIT = 4;
const MAX_ATTEMPTS = 3;

/**
 * A policy sees every candidate, answers with the tokens to remove from the cache before the block is made again, and is
 * told what was accepted. It is made anew for every run; it keeps the summary of the block before.
 * @type {import('tokentrim').PolicyFactory}
 */
function restless({ patch }) {
  /** @type {import('tokentrim').Tensor | undefined} */
  let previous; // [tokens, components]
  /** @type {import('tokentrim').Review[]} */
  let reviews = [];
  return {
    check: 'final',
    maxAttempts: MAX_ATTEMPTS,

    async review(_block, candidate) {
      if (!previous) return [];
      const before = previous;
      const { device } = candidate;
      const distances = device.scope(() => tokenDrift(tokenSummary(candidate, patch), before)); // [tokens]
      const drift = Array.from(await device.read(distances));
      distances.dispose();
      const unstable = unstableTokens(drift, 1 / drift.length);
      reviews.push({ drift, unstable, severity: severity(drift, unstable) });
      return severity(drift, unstable) > LIMIT && reviews.length < MAX_ATTEMPTS ? unstable : [];
    },

    async accept(block, latents) {
      const made = decision({ block, attempts: Math.max(1, reviews.length), reviews });
      reviews = [];
      previous?.dispose();
      previous = tokenSummary(latents, patch);
      return made;
    },

    dispose: () => previous?.dispose(),
  };
}

const device = await openDevice();
const model = await openModelFolder(toyWorld);
const prompt = 'a red circle bounces left and right on a navy background';
for (const preset of /** @type {const} */ (['self-forcing', 'rolling-forcing'])) {
  for await (const event of generate(device, model, { prompt, preset, seed: 1, frames: 21, policy: restless })) {
    if (event.kind !== 'block' || !event.decision) continue;
    const { block, attempts, reviews } = event.decision;
    const moved = reviews.map((review) => `token ${review.unstable} by ${review.severity.toFixed(2)}`);
    console.log(
      `${preset}, block ${block}: ${attempts} attempts; moved most: ${moved.join(', then ') || 'not measured'}`,
    );
  }
}
await model.close();
device.close();
