import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mutate } from './support/mutate.js';
import { observe } from './support/observe.js';
import { randomOf } from './support/random.js';
import { corpusOf, loadTarget, TARGETS } from './support/targets.js';

/** Mutated inputs for each parser; `npm run fuzz` tries as many as its time allows, and goes where they have not been. */
const INPUTS = 100;

/** A busy machine is slow; what hangs takes longer. */
const SECONDS = 5;

test.each(TARGETS)('%s: parses or explains, in time, whatever the input', async (name) => {
  const target = await loadTarget(name);
  const known = [...(await target.seeds()), ...corpusOf(name)];
  const sampled = target.grammar ? fc.sample(target.grammar, 40) : [];
  const random = randomOf(Number(process.env.TOKENTRIM_FUZZ_SEED ?? 7));
  const mutated = Array.from({ length: INPUTS }, () => mutate(target, random.pick(known), random, known));
  for (const bytes of [...known, ...sampled, ...mutated, new Uint8Array(0)])
    expect(await observe(target, bytes, SECONDS), Buffer.from(bytes).toString('latin1').slice(0, 2000)).toBeUndefined();
});
