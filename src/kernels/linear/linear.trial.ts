import { FLOAT_TYPES } from '../../tensor/tensor.js';
import type { TrialsOf } from '../forms/trial.js';
import { linear } from './linear.js';

const ROWS: Readonly<Record<string, { processor: number; card: number }>> = {
  'up to 16 rows': { processor: 12, card: 12 },
  'up to 64 rows': { processor: 48, card: 48 },
  'more rows': { processor: 128, card: 2048 },
};

/** The width of Wan2.1-1.3B. */
const WIDTH = 1536;

export const linearTrials: TrialsOf = {
  kernel: 'linear',
  types: FLOAT_TYPES,
  sizes: Object.keys(ROWS),
  of: ({ type, size }, adapter) => {
    const dtype = FLOAT_TYPES.find((known) => known === type);
    if (!dtype || !ROWS[size]) return undefined;
    const rows = ROWS[size][adapter];
    return {
      operations: 2 * rows * WIDTH * WIDTH,
      prepare: (inputs) => {
        const x = inputs.random([rows, WIDTH]);
        const weight = inputs.random([WIDTH, WIDTH], dtype);
        const bias = inputs.random([WIDTH]);
        return () => linear(x, weight, bias);
      },
    };
  },
};
