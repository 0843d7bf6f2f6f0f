import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { TokenTrimError } from '../../../src/errors.js';
import { temporaryFolder } from '../temporary.js';
import { openTorch } from './openTorch.js';
import type { Pickled } from './pickleWriter.js';
import { dense, float32, type Storage, writeTorchZip, type ZipOptions } from './torchWriter.js';
import { writeZip, type ZipRecord } from './zipWriter.js';

/** A storage of four values and a tensor over it, for files that are right but for one thing. */
export const weights = float32('0', 1, 2, 3, 4);
export const matrix = dense(weights, [2, 2]);

/** The explanation that opening a file, and reading all of it, ends with. */
async function refusal(path: string): Promise<string> {
  const error = await openTorch(path)
    .then(async (source) => {
      try {
        for (const name of source.names()) await source.read(name);
      } finally {
        await source.close();
      }
    })
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TokenTrimError);
  expect((error as Error).message).toContain(`${path}: `);
  return (error as Error).message.replace(`${path}: `, '');
}

export async function zipRefusal(
  root: Pickled | Buffer,
  storages: readonly Storage[] = [weights],
  options?: ZipOptions,
) {
  const path = join(await temporaryFolder(), 'model.pt');
  await writeTorchZip(path, root, storages, options);
  return refusal(path);
}

export async function recordsRefusal(records: readonly ZipRecord[], options?: Parameters<typeof writeZip>[2]) {
  const path = join(await temporaryFolder(), 'model.pt');
  await writeZip(path, records, options);
  return refusal(path);
}

export async function bytesRefusal(bytes: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'model.pt');
  await writeFile(path, bytes);
  return refusal(path);
}
