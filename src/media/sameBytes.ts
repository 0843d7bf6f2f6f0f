import { join } from 'node:path';
import { isFolder } from '../node/files/outputTarget.js';
import { sha256Of } from '../node/weights/fileDigest.js';
import { framesIn } from './frameFolder.js';

/** Whether two videos are the same files, or two folders hold the same frames. */
export async function sameBytes(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([digestsOf(one), digestsOf(other)]);
  return first.join() === second.join();
}

async function digestsOf(path: string): Promise<string[]> {
  if (!(await isFolder(path))) return [await sha256Of(path)];
  const digests: string[] = [];
  for (const name of await framesIn(path)) digests.push(`${name} ${await sha256Of(join(path, name))}`);
  return digests;
}
