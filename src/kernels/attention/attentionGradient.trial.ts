import { type AdapterScale, trialsOf } from '../forms/trial.js';
import { ATTENTION_GRADIENT_CLASSES, attentionGradient } from './attentionGradient.js';

type Counts = readonly [queries: number, cached: number, heads: number];

const COUNTS: Readonly<Record<AdapterScale, Counts>> = { processor: [64, 64, 2], card: [512, 512, 12] };

const HEAD_DIM = 128;

export const attentionGradientTrials = trialsOf(ATTENTION_GRADIENT_CLASSES, (dtype, _, adapter) => {
  const [queries, cachedCount, heads] = COUNTS[adapter];
  const width = heads * HEAD_DIM;
  return {
    operations: 2 * queries * (3 * cachedCount + 5 * queries) * width,
    prepare: (inputs) => {
      const [query, cotangent] = [inputs.random([queries, width]), inputs.random([queries, width])];
      const shape = [cachedCount, width];
      const kept = () => (dtype === 'i8' ? inputs.quantized(shape, heads) : inputs.random(shape, dtype));
      const cached = { keys: kept(), values: kept(), rows: inputs.rows(cachedCount) };
      const own = { keys: inputs.random([queries, width]), values: inputs.random([queries, width]) };
      return () => attentionGradient(query, { cached, own }, heads, cotangent);
    },
  };
});
