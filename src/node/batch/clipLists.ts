import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Clip } from '../../batch/clips.js';
import { ensure } from '../../errors.js';
import { vbenchManifest } from '../../measures/vbenchName.js';
import { isAbsent, readTextFile } from '../files/plainFile.js';
import type { BatchFolder } from './batchFolder.js';

/** Longer than a list of a hundred thousand clips. */
const MAX_BYTES = 2 ** 27;

const listSchema = z.object({
  version: z.literal(1),
  clips: z.array(
    z.object({
      file: z.string().regex(/^[^/\\\0]+\.mp4$/),
      prompt: z.string(),
      seed: z.string(),
      index: z.number(),
      digest: z.string(),
    }),
  ),
});

/** Every clip that workers of a folder were asked for, by its file. */
export async function readLists(folder: BatchFolder): Promise<Map<string, Clip>> {
  const lists = await listFiles(folder);
  return new Map([...lists.values()].flat().map((clip) => [clip.file, clip]));
}

/**
 * Writes down what a worker was asked for, all of it and not its share, so that others know what is left; and all prompts
 * for VBench.
 * @throws TokenTrimError where the folder has other clips of the same names, unless `force` has them made anew
 */
export async function registerClips(folder: BatchFolder, clips: readonly Clip[], force = false): Promise<void> {
  const listed = clips.map(({ file, prompt, seed, index, digest }) => ({ file, prompt, seed, index, digest }));
  const text = `${JSON.stringify({ version: 1, clips: listed })}\n`;
  const name = `${createHash('sha256').update(text).digest('hex').slice(0, 16)}.json`;
  const own = new Map(listed.map((clip) => [clip.file, clip]));
  const lists = await listFiles(folder);
  for (const [other, theirs] of lists) {
    const differs = theirs.find(({ file, digest }) => own.has(file) && own.get(file)?.digest !== digest);
    if (!differs) continue;
    ensure(
      force,
      () =>
        `${folder.path}: ${JSON.stringify(differs.file)} is there, or is being made, with other options, another seed or ` +
        'another version of this program: choose another `outDir`, give all seeds at once, or replace it with `force`',
    );
    await rm(join(folder.part('lists'), other), { force: true });
  }
  if (!lists.has(name)) await folder.writeWhole(join(folder.part('lists'), name), text);
  const all = await readLists(folder);
  await folder.writeWhole(
    join(folder.path, 'vbench.json'),
    `${JSON.stringify(vbenchManifest([...all.values()]), null, 1)}\n`,
  );
}

/** The lists by their names; what is none is passed over. */
async function listFiles(folder: BatchFolder): Promise<Map<string, Clip[]>> {
  const place = folder.part('lists');
  const names = await readdir(place).catch((error) => {
    if (isAbsent(error)) return [];
    throw error;
  });
  const lists = new Map<string, Clip[]>();
  for (const name of names.filter((each) => each.endsWith('.json')).sort()) {
    const text = await readTextFile(join(place, name), { what: 'a list of clips', limit: MAX_BYTES });
    try {
      lists.set(name, listSchema.parse(JSON.parse(text)).clips);
    } catch {
      // It is no list.
    }
  }
  return lists;
}
