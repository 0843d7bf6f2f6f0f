import { createHash } from 'node:crypto';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestFile } from '../../../src/node/weights/fileDigest.js';
import { temporaryFolder } from '../../weights/temporary.js';

test('a small file is hashed whole', async () => {
  const path = join(await temporaryFolder(), 'small');
  await writeFile(path, 'abc');
  // The example of FIPS 180-2.
  const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect(await digestFile(path)).toEqual({ path, bytes: 3, sha256, method: 'whole' });
  await writeFile(path, '');
  expect(await digestFile(path)).toMatchObject({ bytes: 0, sha256: createHash('sha256').digest('hex') });
});

test('of a large one samples are, as documented: another size or piece is another digest, what lies between is not', async () => {
  const path = join(await temporaryFolder(), 'large');
  const bytes = 10_000_000;
  const content = Buffer.alloc(bytes, 'some bytes');
  for (let at = 0; at < bytes; at += 1000) content.writeUInt32LE(at, at);
  await writeFile(path, content);
  const digest = () => digestFile(path, 1_000_000);

  const hash = createHash('sha256').update(Buffer.from([0x80, 0x96, 0x98, 0, 0, 0, 0, 0]));
  for (let piece = 0; piece < 128; piece++) {
    const at = Math.floor((piece * (bytes - 65536)) / 127);
    hash.update(content.subarray(at, at + 65536));
  }
  const first = await digest();
  expect(first).toEqual({ path, bytes, sha256: hash.digest('hex'), method: 'sampled' });
  expect((await digestFile(path)).sha256).toBe(createHash('sha256').update(content).digest('hex'));

  const change = async (position: number) => {
    const file = await open(path, 'r+');
    await file.write(Buffer.from('changed'), 0, 7, position);
    await file.close();
    return (await digest()).sha256;
  };
  const digests = [first.sha256, await change(0), await change(bytes - 7), await change(4_950_000)];
  expect(new Set(digests).size).toBe(4);
  expect(await change(5_000_000)).toBe(digests[3]); // between two pieces
  expect(await change(bytes - 1)).not.toBe(digests[3]); // longer
});

test('a file that is not there is refused', async () => {
  await expect(digestFile('/nowhere/at/all')).rejects.toThrow('/nowhere/at/all');
});
