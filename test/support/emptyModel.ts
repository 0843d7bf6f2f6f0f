import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Network } from '../../src/models/wan/checkpoint/names.js';
import type { Model } from '../../src/models/wan/model.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { modelLike, partTensors } from '../../src/synthesize/models.js';
import { bitsOf, type StoredType } from '../../src/weights/storedType.js';
import type { TensorSource } from '../../src/weights/tensorSource.js';

/** Wan2.1-1.3B with all tensors of its real size, and not a value in them: what a plan needs. Reading gives zeros. */
export async function emptyModel(dtype: StoredType = 'F16'): Promise<Model> {
  const config = await modelLike('wan2.1-1.3b');
  const source = (part: Network): TensorSource => {
    const tensors = partTensors(part, config);
    const bytesOf = (shape: readonly number[]) => (shape.reduce((a, b) => a * b, 1) * bitsOf(dtype)) / 8;
    const shapeOf = (name: string) => tensors.get(name) as readonly number[];
    return {
      label: `an empty ${part}`,
      files: [],
      metadata: new Map(),
      names: () => [...tensors.keys()],
      has: (name) => tensors.has(name),
      info: (name) => ({ dtype, shape: shapeOf(name), byteLength: bytesOf(shapeOf(name)) }),
      read: async (name) => new Uint8Array(bytesOf(shapeOf(name))),
      readRows: async (name, _, count) => new Uint8Array(bytesOf([count, ...shapeOf(name).slice(1)])),
      close: async () => undefined,
    };
  };
  return {
    config,
    transformer: source('transformer'),
    vae: source('vae'),
    textEncoder: source('text-encoder'),
    tokenizer: () => readFile(join(toyWorld, 'tokenizer.json'), 'utf8'), // its ids are below 420
    tokenizerLabel: 'the toy world',
  };
}
