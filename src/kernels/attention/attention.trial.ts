import { FLOAT_TYPES } from '../../tensor/tensor.js';
import type { TrialsOf } from '../forms/trial.js';
import { attention } from './attention.js';

/** Queries, keys and heads; a quarter of the keys are the queries' own, as in the DiT. */
const SIZES: Readonly<Record<string, { processor: readonly number[]; card: readonly number[] }>> = {
  'up to 4096 keys': { processor: [96, 768, 4], card: [1024, 3072, 12] },
  'more keys': { processor: [32, 5120, 2], card: [1024, 8192, 12] },
};

const HEAD_DIM = 128;

export const attentionTrials: TrialsOf = {
  kernel: 'attention',
  types: FLOAT_TYPES,
  sizes: Object.keys(SIZES),
  of: ({ type, size }, adapter) => {
    const dtype = FLOAT_TYPES.find((known) => known === type);
    if (!dtype || !SIZES[size]) return undefined;
    const [queries, keyCount, heads] = SIZES[size][adapter];
    const [width, ownCount] = [heads * HEAD_DIM, keyCount / 4];
    return {
      operations: 4 * queries * keyCount * width,
      prepare: (inputs) => {
        const query = inputs.random([queries, width]);
        const cachedShape = [keyCount - ownCount, width];
        const rows = inputs.rows(keyCount - ownCount);
        const cached = { keys: inputs.random(cachedShape, dtype), values: inputs.random(cachedShape, dtype), rows };
        const own = { keys: inputs.random([ownCount, width]), values: inputs.random([ownCount, width]) };
        return () => attention(query, { cached, own }, heads);
      },
    };
  },
};
