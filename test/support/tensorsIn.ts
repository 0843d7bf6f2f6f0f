import { expect } from 'vitest';
import { openTensorSource } from '../../src/node/model/openTensorSource.js';
import type { TensorData } from '../../src/node/weights/writeSafetensors.js';
import type { Tensors } from './publishedLayouts.js';

/** Everything in a safetensors file. */
export async function tensorsIn(path: string): Promise<Map<string, TensorData>> {
  const source = await openTensorSource(path);
  const tensors = new Map<string, TensorData>();
  for (const name of source.names()) {
    const { dtype, shape } = source.info(name);
    tensors.set(name, { dtype: dtype as TensorData['dtype'], shape, data: await source.read(name) });
  }
  await source.close();
  return tensors;
}

/** Whether two sets of tensors are the same bit for bit, whatever their order. */
export function expectSame(found: Tensors, expected: Tensors): void {
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, tensor] of expected) {
    const { dtype, shape, data } = found.get(name)!;
    expect({ name, dtype, shape }).toEqual({ name, dtype: tensor.dtype, shape: tensor.shape });
    expect(Buffer.from(data as Uint8Array).equals(tensor.data as Uint8Array), name).toBe(true);
  }
}
