import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pickled } from '../../weights/torch/pickleWriter.js';
import { dense, float32, legacyFile, tensorOf, writeTorchZip } from '../../weights/torch/torchWriter.js';

const storages = [float32('0', 1, 2, 3, 4, 5, 6), float32('1', 7, 8)];

/** A state dict with a section in it, settings, and tensors that share a storage. */
export const root = new Map<Pickled, Pickled>([
  ['a', dense(storages[0], [2, 3])],
  [
    'generator',
    new Map<Pickled, Pickled>([['b', tensorOf(storages[0], { offset: 1, shape: [2, 2], strides: [3, 1] })]]),
  ],
  ['c', dense(storages[1], [2])],
  ['step', 7],
  ['lr', 0.5],
]);

export const legacySeeds = (): Uint8Array[] => [2, 4].map((protocol) => legacyFile(root, storages, { protocol }));

export async function zipSeeds(): Promise<Uint8Array[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrim-fuzz-'));
  try {
    const files: Uint8Array[] = [];
    for (const options of [{ protocol: 2 }, { protocol: 4, zip64: true }]) {
      await writeTorchZip(join(folder, 'file.pt'), root, storages, options);
      files.push(readFileSync(join(folder, 'file.pt')));
    }
    return files;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
