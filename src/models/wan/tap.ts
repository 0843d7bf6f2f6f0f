import type { Tensor } from '../../tensor/tensor.js';

/** Is shown the output of each named part of a model, which is freed soon after it returns. */
export type Tap = (name: string, output: Tensor) => void;
