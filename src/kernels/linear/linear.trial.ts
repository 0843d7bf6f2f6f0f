import { type AdapterScale, trialsOf } from '../forms/trial.js';
import { linear } from './linear.js';
import { LINEAR_CLASSES } from './linearForm.js';

type Size = keyof typeof LINEAR_CLASSES.sizes;

const ROWS: Readonly<Record<Size, Readonly<Record<AdapterScale, number>>>> = {
  'up to 16 rows': { processor: 12, card: 12 },
  'up to 64 rows': { processor: 48, card: 48 },
  'more rows': { processor: 128, card: 2048 },
};

/** The width of Wan2.1-1.3B. */
const WIDTH = 1536;

export const linearTrials = trialsOf(LINEAR_CLASSES, (dtype, size: Size, adapter) => {
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
});
