import * as z from 'zod';
import { parseConfig } from '../../models/wan/config.js';
import { drawsSchema, torchDraws } from '../torchDraws.js';
import type { ParityInput, ParityOutput } from './input.js';

/** Parity kind `torch-randn`: several draws in a row from one generator. */
export async function* torchRandn({ config }: ParityInput): AsyncGenerator<ParityOutput> {
  const { plans } = parseConfig(z.object({ plans: drawsSchema }), config, 'torch-randn');
  for (const { name, shape, values } of torchDraws(plans)) yield { name, shape, actual: values };
}
