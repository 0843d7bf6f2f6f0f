import { type AdapterScale, trialsOf } from '../forms/trial.js';
import { attention } from './attention.js';
import { ATTENTION_CLASSES } from './attentionForm.js';

type Size = keyof typeof ATTENTION_CLASSES.sizes;
type Counts = readonly [queries: number, keys: number, heads: number];

/** A quarter of the keys are the queries' own, as in the DiT. */
const COUNTS: Readonly<Record<Size, Readonly<Record<AdapterScale, Counts>>>> = {
  'up to 4096 keys': { processor: [96, 768, 4], card: [1024, 3072, 12] },
  'more keys': { processor: [32, 5120, 2], card: [1024, 8192, 12] },
};

const HEAD_DIM = 128;

export const attentionTrials = trialsOf(ATTENTION_CLASSES, (dtype, size: Size, adapter) => {
  const [queries, keyCount, heads] = COUNTS[size][adapter];
  const [width, ownCount] = [heads * HEAD_DIM, keyCount / 4];
  return {
    operations: 4 * queries * keyCount * width,
    prepare: (inputs) => {
      const query = inputs.random([queries, width]);
      const cachedShape = [keyCount - ownCount, width];
      const rows = inputs.rows(keyCount - ownCount);
      const kept = () => (dtype === 'i8' ? inputs.quantized(cachedShape, heads) : inputs.random(cachedShape, dtype));
      const cached = { keys: kept(), values: kept(), rows };
      const own = { keys: inputs.random([ownCount, width]), values: inputs.random([ownCount, width]) };
      return () => attention(query, { cached, own }, heads);
    },
  };
});
