import { parseRecord } from '../../../src/compare/runRecord.js';
import { MEASURES_VERSION } from '../../../src/measures/videoMeasures.js';
import { type FuzzTarget, jsonOf, textOf } from '../support/target.js';

const series = {
  version: MEASURES_VERSION,
  times: [0, 1],
  measures: { sharpness: { values: [1, null], at: { '5': null }, mean: 1 } },
};
const record = {
  ...{
    version: 1,
    digest: 'd',
    program: 'p',
    adapter: 'a',
    preset: 'self-forcing',
    arm: 'x',
    prompt: 'y',
    seed: '1',
    pair: 'z',
  },
  ...{ frames: 9, fps: 16, video: series, latents: series, calls: 4, seconds: 1 },
  blocks: [{ seconds: 1, severity: null, accepted: null, threshold: null, attempts: 1, pruned: 0, latents: 'abc' }],
};

/** A finished run of a comparison, or nothing. */
export default {
  kind: 'json',
  seeds: async () => [jsonOf(record)],
  run(bytes) {
    const found = parseRecord(textOf(bytes));
    if (found && (typeof found.digest !== 'string' || !Array.isArray(found.blocks))) throw new Error('no record');
  },
} satisfies FuzzTarget;
