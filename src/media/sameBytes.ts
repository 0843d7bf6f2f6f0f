import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { isFolder } from '../node/files/outputTarget.js';
import { framesIn } from './frameFolder.js';

/** Whether two videos are the same files, or two folders hold the same frames. */
export async function sameBytes(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([digestsOf(one), digestsOf(other)]);
  return first.join() === second.join();
}

async function digestsOf(path: string): Promise<string[]> {
  if (!(await isFolder(path))) return [await digestOf(path)];
  const digests: string[] = [];
  for (const name of await framesIn(path)) digests.push(`${name} ${await digestOf(join(path, name))}`);
  return digests;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest('hex');
}
